// SPDX-License-Identifier: MIT
package import BitNetCore
import BitNetFormats
import ClusterCoordinator
import ClusterPlanning

extension PlanOutcome {
    /// For programs.
    package var json: JSONValue {
        .object([
            ("cluster", .text(subject.cluster)), ("model", .text(subject.model.name)),
            ("layers", .integer(subject.model.layerCount)), ("hidden", .integer(subject.model.hiddenSize)),
            ("segment_layers", .integer(subject.cost.segmentLayers)), ("concurrency", .integer(concurrency)),
            ("basis", .text(basisName)),
            ("groups", plan.groupCount.map { .integer($0) } ?? .null),
            ("stages", .list(zip(plan.stages, prediction.stages).map(object))),
            ("links", .list(prediction.links.map(object))),
            ("unused", .list(plan.unused.map(JSONValue.text))),
            ("expected", .list(expectations.map(object))), ("bottleneck", .text(prediction.reason)),
            ("losses", .list(losses.map(\.json))), ("advice", .list(advice.map(JSONValue.text))),
        ])
    }

    private var basisName: String {
        switch plan.basis {
        case .assignment: "assignment"
        case .bytes: "bytes"
        case .time(let isBest): isBest ? "time" : "time_in_file_order"
        }
    }

    private func object(_ stage: PlannedStage, _ expected: PlanPrediction.Stage) -> JSONValue {
        let origin = subject.origins[stage.worker]
        let name =
            switch origin {
            case .measured: "measured"
            case .scaled: "scaled"
            case .assumed, nil: "assumed"
            }
        return .object([
            ("worker", .text(stage.worker)), ("first_layer", .integer(stage.layers.first)),
            ("end_layer", .integer(stage.layers.end)),
            ("sent_bytes", .integer(Int(clamping: stage.wireByteCount))),
            ("memory_bytes", .integer(Int(clamping: stage.memoryByteCount))),
            ("step_ms", .number(expected.stepSeconds * 1e3)),
            ("head_ms", .number(expected.headSeconds * 1e3)), ("busy_share", .number(expected.busyShare)),
            ("figures", .text(name)),
        ])
    }

    private func object(_ link: PlanPrediction.Link) -> JSONValue {
        .object([
            ("from", .text(link.from.text)), ("to", .text(link.to.text)),
            ("step_bytes", .integer(link.byteCount)), ("transfer_ms", .number(link.transferSeconds * 1e3)),
            ("delay_ms", .number(link.latencySeconds * 1e3)),
            (
                "figures",
                .text(subject.links.isMeasured(from: link.from, to: link.to) ? "measured" : "assumed")
            ),
        ])
    }

    private func object(_ expectation: Expectation) -> JSONValue {
        let prediction = expectation.prediction
        return .object([
            ("concurrency", .integer(prediction.concurrency)),
            ("tokens_per_second", .number(prediction.tokensPerSecond)),
            ("token_ms", .number(prediction.roundSeconds * 1e3)),
            ("bottleneck", .text(prediction.reason)),
            ("step_ms", .list(prediction.stages.map { .number($0.stepSeconds * 1e3) })),
            ("measured_tokens_per_second", .optional(expectation.run?.tokensPerSecond)),
            (
                "measured_step_ms",
                expectation.run.map { .list($0.stages.map { .number($0.stepSeconds * 1e3) }) } ?? .null
            ),
        ])
    }
}
