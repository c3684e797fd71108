// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterConfig
import ClusterCoordinator
import ClusterPlanning
import ClusterSimulation

/// How a model scales over equal workers, in tables.
struct Scaling {
    /// One number of sequences over one kind of link.
    struct Row {
        let concurrency: Int
        let gigabits: Double
        let delayMs: Double
        /// By the number of workers, ascending; `nil` where there are fewer layers.
        let results: [(workerCount: Int, result: ScalingStudy.Result?)]

        var known: [(workerCount: Int, result: ScalingStudy.Result)] {
            results.compactMap { count, result in result.map { (count, $0) } }
        }
        var knee: ScalingStudy.Knee? { ScalingStudy.knee(known) }
    }

    let model: ModelDescription
    /// What every worker is taken to do, and where it is known from.
    let profile: WorkerProfile
    let origin: String
    let rows: [Row]

    /// - Parameter cluster: of which a worker stands for all.
    init(
        model: ModelDescription, cluster: String?, book: MeasurementBook, options: PlanOptions,
        cases: SimulationOptions
    ) throws {
        let shape = ProfiledShape(model.shape)
        let known = Self.measured(shape, cluster: cluster, book)
        if let known, options.assume.isEmpty {
            profile = known.profile.scaled(from: known.shape, to: shape)
            origin =
                "as worker \(known.worker) of \(known.cluster) (\(known.kernel)) was measured"
                + (known.shape == shape ? "" : " with another model, scaled by weights")
        } else {
            let speed = try options.assumedSpeeds.values.max() ?? options.assumedSpeed
            profile = try .assumed(readBytesPerSecond: speed, for: shape)
            origin = "ASSUMED to read \((speed / 1e9).text(places: 1)) GB/s"
        }
        let study = ScalingStudy(
            layerCount: model.layerCount, hiddenSize: model.hiddenSize, profile: profile)
        let counts = try cases.workerCounts
        let profiles = try cases.profiles
        rows = try cases.concurrencies.flatMap { concurrency in
            profiles.map { gigabits, delayMs, link in
                Row(
                    concurrency: concurrency, gigabits: gigabits, delayMs: delayMs,
                    results: counts.map {
                        ($0, study.run(.init(workerCount: $0, link: link, concurrency: concurrency)))
                    })
            }
        }
        self.model = model
    }

    /// The newest measurement of the cluster, if one is named, of this shape if there is one.
    private static func measured(
        _ shape: ProfiledShape, cluster: String?, _ book: MeasurementBook
    ) -> MeasurementBook.Worker? {
        guard let cluster else { return nil }
        let known = book.workers.filter { $0.cluster == cluster }
        return known.last { $0.shape == shape } ?? known.last
    }

    // MARK: Text

    /// For people.
    var text: String {
        var lines = [
            "\(model.name): \(model.layerCount) layers, hidden \(model.hiddenSize); equal workers, each \(origin)",
            "one layer takes \(milliseconds(profile.layerSeconds.seconds(1))) ms for a token, "
                + "\(milliseconds(profile.layerSeconds.seconds(8))) ms for eight; the head "
                + "\(milliseconds(profile.headSeconds.seconds(1))) ms; short contexts, every worker has a stage",
        ]
        var previous: Int?
        var table: [[String]] = []
        func flush() {
            lines += Table.lines(table)
            table = []
        }
        for row in rows {
            if row.concurrency != previous {
                flush()
                lines += ["", "\(row.concurrency) at a time: tokens/s by number of workers"]
                table = [
                    ["link", "delay"] + row.results.map { "\($0.workerCount)" } + ["worth it up to"]
                ]
                previous = row.concurrency
            }
            table.append(cells(row))
        }
        flush()
        return lines.joined(separator: "\n") + "\n"
    }

    private func cells(_ row: Row) -> [String] {
        let rates = row.results.map { _, result in
            result.map { $0.tokensPerSecond.text(places: $0.tokensPerSecond < 10 ? 2 : 1) } ?? "–"
        }
        let knee = row.knee.map { "\($0.workerCount): \($0.reason)" } ?? "the last"
        return ["\(number(row.gigabits)) Gbit/s", "\(number(row.delayMs)) ms"] + rates + [knee]
    }

    private func number(_ value: Double) -> String {
        value.text(places: value == value.rounded() ? 0 : 1)
    }
    private func milliseconds(_ seconds: Double) -> String { (seconds * 1e3).text(places: 2) }

    // MARK: JSON

    /// For programs.
    var json: JSONValue {
        .object([
            ("model", .text(model.name)), ("layers", .integer(model.layerCount)),
            ("hidden", .integer(model.hiddenSize)), ("worker", .text(origin)),
            ("cases", .list(rows.flatMap(objects))),
        ])
    }

    private func objects(_ row: Row) -> [JSONValue] {
        row.known.map { count, result in
            let report = result.report
            return .object([
                ("workers", .integer(count)), ("gigabits_per_second", .number(row.gigabits)),
                ("delay_ms", .number(row.delayMs)), ("concurrency", .integer(row.concurrency)),
                ("tokens_per_second", .number(result.tokensPerSecond)),
                ("predicted_tokens_per_second", .number(result.prediction.tokensPerSecond)),
                ("token_ms_median", .number(report.gap.median * 1e3)),
                ("token_ms_99", .number(report.gap.ninetyNine * 1e3)),
                (
                    "busy_share",
                    .number(result.prediction.stages.map(\.busyShare).max() ?? 0)
                ), ("step_bytes", .integer(result.prediction.round.hopByteCount)),
                ("bottleneck", .text(result.prediction.reason)),
                (
                    "worth_it_up_to",
                    row.knee.map { JSONValue.integer($0.workerCount) } ?? .null
                ),
            ])
        }
    }
}
