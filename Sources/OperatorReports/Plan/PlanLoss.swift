// SPDX-License-Identifier: MIT
import BitNetCore
package import ClusterPlanning

/// What becomes of a plan when one of its workers dies.
package struct PlanLoss: Equatable, Sendable {
    package let worker: String
    /// Stages that are then elsewhere, or larger; none if there is no room.
    package let moved: [PlannedStage]
    /// Bytes that are short, if there is no room; 0 if only the distribution fails.
    package let shortByteCount: UInt64?

    /// The loss of each worker of `plan` alone.
    static func each(of plan: Plan, _ subject: PlanSubject) -> [PlanLoss] {
        plan.afterLosses(cost: subject.cost, workers: subject.offers).map { worker, next in
            switch next {
            case .success(let next):
                let moved = next.stages.filter { stage in
                    !plan.stages.contains { $0.worker == stage.worker && $0.layers == stage.layers }
                }
                return PlanLoss(worker: worker, moved: moved, shortByteCount: nil)
            case .failure(let error):
                return PlanLoss(worker: worker, moved: [], shortByteCount: error.shortByteCount)
            }
        }
    }

    /// For people.
    var text: String {
        switch shortByteCount {
        case nil: "goes on: " + moved.map { "\($0.worker) takes \($0.layers)" }.joined(separator: ", ")
        case 0?: "waits for it: no division of the layers fits the others"
        case .some(let bytes): "waits for it: the others are \(ByteCount.text(bytes)) short"
        }
    }

    var json: JSONValue {
        .object([
            ("worker", .text(worker)), ("goes_on", .flag(shortByteCount == nil)),
            (
                "moved",
                .list(
                    moved.map { stage in
                        .object([
                            ("worker", .text(stage.worker)), ("first_layer", .integer(stage.layers.first)),
                            ("end_layer", .integer(stage.layers.end)),
                        ])
                    })
            ),
            ("short_bytes", shortByteCount.map { .integer(Int(clamping: $0)) } ?? .null),
        ])
    }
}
