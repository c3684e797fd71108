// SPDX-License-Identifier: MIT
import BitNetCore
import Synchronization

/// All metrics of a process, as Prometheus reads them.
///
/// Holds a bounded number of series; what comes after that is not kept, and counted.
package final class PrometheusRegistry: Sendable {
    /// The content type of `text()`.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    /// Times that a series could not be kept.
    package static let droppedName = "bitnet_metric_series_dropped_total"

    private struct Entry {
        let series: any MetricSeries
        /// Handlers that were made of it and not destroyed.
        var useCount = 1
    }

    private struct Family {
        let definition: MetricDefinition
        /// By their labels.
        var entries: [String: Entry] = [:]
    }

    private struct State {
        var families: [String: Family] = [:]
        var seriesCount = 1  // of those that were dropped
        var droppedCount: UInt64 = 0
        /// Where the series of a handler stands.
        var places: [ObjectIdentifier: (name: String, labels: String)] = [:]
    }

    private let definitions: [String: MetricDefinition]
    private let seriesMax: Int
    private let aliases: [MetricAlias]
    /// What aliases have besides, as it stands between braces.
    private let aliasLabels: String
    private let state = Mutex(State())

    /// A registry for metrics with these definitions, and for others, which have no help to speak of.
    ///
    /// - Parameters:
    ///   - aliases: other names of some of them.
    ///   - aliasLabels: what series have besides under those.
    package init(
        definitions: [MetricDefinition], seriesMax: Int = Limits.metricSeriesMax, aliases: [MetricAlias] = [],
        aliasLabels: [(String, String)] = []
    ) {
        self.definitions = Dictionary(definitions.map { ($0.name, $0) }) { first, _ in first }
        self.seriesMax = seriesMax
        self.aliases = aliases
        self.aliasLabels = PrometheusText.labels(aliasLabels) ?? ""
    }

    /// The series of a metric with these labels, made if it is new; one that nobody reads if there is no room for it
    /// or if the name stands for another kind of metric.
    func series<Series: MetricSeries>(
        _ label: String, _ dimensions: [(String, String)], kind assumed: MetricDefinition.Kind,
        isTime: Bool = false, make: (MetricDefinition.Kind) -> Series
    ) -> Series {
        let name = PrometheusText.metricName(label, kind: assumed, isTime: isTime)
        let definition =
            definitions[name]
            ?? MetricDefinition(name, "Of a library: \(PrintableText.line(label, bytesMax: 256)).", assumed)
        guard let labels = PrometheusText.labels(dimensions), definition.kind.word == assumed.word else {
            return dropped(make(assumed))
        }
        return state.withLock { state in
            // A name keeps the kind that it had first.
            let kind = state.families[name]?.definition.kind ?? definition.kind
            if let entry = state.families[name]?.entries[labels] {
                guard let series = entry.series as? Series else {
                    state.droppedCount += 1
                    return make(assumed)
                }
                state.families[name]?.entries[labels]?.useCount += 1
                return series
            }
            guard kind.word == assumed.word, state.seriesCount + kind.seriesCount <= seriesMax else {
                state.droppedCount += 1
                return make(assumed)
            }
            let series = make(kind)
            state.families[name, default: Family(definition: definition)].entries[labels] = Entry(
                series: series)
            state.seriesCount += kind.seriesCount
            state.places[ObjectIdentifier(series)] = (name, labels)
            return series
        }
    }

    /// Forgets a series once all handlers that share it are destroyed.
    func destroy(_ handler: AnyObject) {
        state.withLock { state in
            guard let place = state.places[ObjectIdentifier(handler)],
                var entry = state.families[place.name]?.entries[place.labels]
            else { return }
            entry.useCount -= 1
            guard entry.useCount == 0 else {
                state.families[place.name]?.entries[place.labels] = entry
                return
            }
            state.families[place.name]?.entries[place.labels] = nil
            state.places[ObjectIdentifier(handler)] = nil
            state.seriesCount -= state.families[place.name]?.definition.kind.seriesCount ?? 0
            if state.families[place.name]?.entries.isEmpty == true { state.families[place.name] = nil }
        }
    }

    /// Everything in the text format, version 0.0.4: families and series in the order of their names.
    package func text() -> String {
        // The lock is held for the list only: writing takes long, and counting must not wait for it.
        let (families, droppedCount) = state.withLock { ($0.families, $0.droppedCount) }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text.writeHead(of: family.definition)
            for (labels, entry) in family.entries.sorted(by: { $0.key < $1.key }) {
                entry.series.write(name: name, labels: labels, to: &text)
            }
        }
        text.writeHead(
            of: MetricDefinition(
                Self.droppedName, "Series that were not kept: too many, or of two kinds.", .counter)
        )
        text += "\(Self.droppedName) \(droppedCount)\n"
        for alias in aliases { write(alias, of: families, to: &text) }
        return text
    }

    /// What has not been counted yet has no other name either.
    private func write(_ alias: MetricAlias, of families: [String: Family], to text: inout String) {
        switch alias.source {
        case .metric(let name, let wanted):
            guard let family = families[name] else { return }
            let entries = family.entries.filter { labels, _ in
                wanted.isEmpty || wanted.contains(where: labels.contains)
            }
            guard !entries.isEmpty else { return }
            text.writeHead(of: MetricDefinition(alias.name, alias.help, family.definition.kind))
            for (labels, entry) in entries.sorted(by: { $0.key < $1.key }) {
                let all = [labels, aliasLabels].filter { !$0.isEmpty }.joined(separator: ",")
                entry.series.write(name: alias.name, labels: all, to: &text)
            }
        case .quotient(let name, let divisor):
            guard let one = families[name]?.entries[""]?.series as? GaugeSeries,
                let other = families[divisor]?.entries[""]?.series as? GaugeSeries
            else { return }
            text.writeHead(of: MetricDefinition(alias.name, alias.help, .gauge))
            let quotient = GaugeSeries()
            quotient.set(other.value > 0 ? min(max(one.value / other.value, 0), 1) : 0)
            quotient.write(name: alias.name, labels: aliasLabels, to: &text)
        }
    }

    private func dropped<Series>(_ series: Series) -> Series {
        state.withLock { $0.droppedCount += 1 }
        return series
    }
}

extension String {
    fileprivate mutating func writeHead(of definition: MetricDefinition) {
        self += "# HELP \(definition.name) \(PrometheusText.help(definition.help))\n"
        self += "# TYPE \(definition.name) \(definition.kind.word)\n"
    }
}
