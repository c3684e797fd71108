// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterPlanning
import ClusterWire

extension Diagnosis {
    /// For people: what was seen, then what is to be done.
    ///
    /// - Parameter width: columns of a line; a table that is wider becomes a block for each worker. What nobody tells is left
    ///   out.
    package func text(cluster: String, width: Int) -> String {
        seen(width: width) + "\n" + ownLine + "\n" + findings.map(\.text).joined()
            + (findings.isEmpty ? "" : "\n") + summary(cluster) + "\n"
    }

    private func seen(width: Int) -> String {
        let names = workers.map(\.name)
        let hasWays = workers.contains { $0.ways != nil }
        let columns = workers.map { $0.rows(others: hasWays ? names : []) }
        guard let properties = columns.first?.map(\.property) else { return "" }
        var table = Table([""] + names, others: .right)
        for (index, property) in properties.enumerated() {
            let values = columns.map { $0[index].value }
            if !values.allSatisfy(Self.unknown.contains) { table.add([property] + values) }
        }
        let text = table.text
        let isNarrow = text.split(separator: "\n").allSatisfy { $0.columns <= width }
        return isNarrow ? text : zip(names, columns).map(Self.block).joined(separator: "\n")
    }

    private static let unknown: Set<String> = ["", "–", "– / –"]

    /// One worker, without what is not known of it.
    private static func block(_ name: String, _ rows: [(property: String, value: String)]) -> String {
        let known = rows.filter { !Self.unknown.contains($0.value) }
        return "\(name)\n" + Table(rows: known.map { ["  " + $0.property, $0.value] }).text
    }

    private var ownLine: String {
        let memory = own?.memoryAvailableByteCount.map(ByteCount.text) ?? "unknown"
        let disk = own?.storeFreeByteCount.map(ByteCount.text) ?? "unknown"
        return "here: memory available \(memory), disk free for converted weights \(disk), \(build)\n"
    }

    private func summary(_ cluster: String) -> String {
        func count(_ severity: Finding.Severity) -> String {
            let count = findings.count { $0.severity == severity }
            return plural(count, severity.rawValue)
        }
        let answering = workers.count { $0.examination != nil }
        return "\(cluster): \(answering) of \(workers.count) workers answer; "
            + "\(count(.failure)), \(count(.warning)), \(count(.note))"
    }
}

extension Finding {
    fileprivate var text: String {
        let subject = worker.map { "\($0): " } ?? ""
        let label = severity.rawValue + String(repeating: " ", count: 9 - severity.rawValue.count)
        return "\(label)\(subject)\(PrintableText.line(summary))\n         -> \(remedy)\n"
    }
}
