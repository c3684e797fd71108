// SPDX-License-Identifier: MIT
package import BitNetCore
import BitNetFormats
import ClusterPlanning
import ClusterSimulation

extension Scaling {
    /// For programs.
    package var json: JSONValue {
        .object([
            ("model", .text(model.name)), ("layers", .integer(model.layerCount)),
            ("hidden", .integer(model.hiddenSize)), ("worker", .text(origin)),
            ("cases", .list(rows.flatMap(objects))),
        ])
    }

    private func objects(_ row: Row) -> [JSONValue] {
        let knee = row.knee
        return row.known.map { count, result in
            let (prediction, gap) = (result.prediction, result.report.gap)
            return .object([
                ("workers", .integer(count)), ("gigabits_per_second", .number(row.link.gigabits)),
                ("delay_ms", .number(row.link.delayMs)), ("concurrency", .integer(row.concurrency)),
                ("tokens_per_second", .number(result.tokensPerSecond)),
                ("predicted_tokens_per_second", .number(prediction.tokensPerSecond)),
                ("token_ms_median", .number(gap.median * 1e3)),
                ("token_ms_99", .number(gap.ninetyNine * 1e3)),
                ("busy_share", .number(prediction.stages.map(\.busyShare).max() ?? 0)),
                ("step_bytes", .integer(prediction.round.hopByteCount)),
                ("bottleneck", .text(prediction.reason)),
                ("worth_it_up_to", knee.map { .integer($0.workerCount) } ?? .null),
            ])
        }
    }
}
