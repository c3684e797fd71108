// SPDX-License-Identifier: MIT

import BitNetCore

/// What each worker and each link takes for one step of a round, with a given number of stages.
struct RoundCosts {
    /// What one worker takes.
    struct Stage {
        let segmentSeconds: Double
        let stepSeconds: Double
        let headSeconds: Double
        /// What the model's last segment takes less than the others, as it may have fewer layers.
        let shortSeconds: Double
        /// Segments that its memory holds: as a stage in the middle, as the first, as the last, as both.
        let segmentCountMax: [Int]

        /// Segments that it computes within `seconds` and holds in memory.
        func segmentCount(within seconds: Double, isFirst: Bool, isLast: Bool) -> Int {
            let held = segmentCountMax[(isFirst ? 1 : 0) + (isLast ? 2 : 0)]
            let left = seconds - stepSeconds - (isLast ? headSeconds - shortSeconds : 0)
            guard left >= 0 else { return 0 }
            // The quotient may be infinite, and rounding must not lose a segment that fits exactly.
            let computed = left / segmentSeconds * (1 + 1e-12)
            return computed < Double(held) ? Int(clamping: computed) : held
        }

        func seconds(segments segmentCount: Int, isLast: Bool) -> Double {
            stepSeconds + Double(segmentCount) * segmentSeconds
                + (isLast ? headSeconds - shortSeconds : 0)
        }
    }

    /// What one link takes: the part during which it carries nothing else, and all of it.
    struct Hop: Equatable {
        let transferSeconds: Double
        let seconds: Double

        init(_ link: LinkProfile, byteCount: Int) {
            transferSeconds = link.transferSeconds(byteCount)
            seconds = transferSeconds + link.latencySeconds
        }
    }

    let segmentCount: Int
    let round: DecodeRound
    /// As of the schedule.
    let groupCount: Int
    /// In the order of the workers.
    let stages: [Stage]
    private let links: LinkMatrix
    private let names: [String]

    var stageCount: Int { round.stageCount }

    /// - Precondition: every worker has a profile.
    init(
        costs: StageCosts, workers: [WorkerOffer], goal: PlanGoal, stageCount: Int, groupCount: Int? = nil
    ) {
        segmentCount = costs.segmentCount
        self.groupCount = groupCount ?? goal.groupCounts(stageCount: stageCount)[0]
        round = goal.round(stageCount: stageCount, groupCount: groupCount)
        links = goal.links
        names = workers.map(\.name)
        let work = round.work
        /// Layers that the last segment has less than the others.
        let missing = costs.segmentCount * costs.segmentLayers - costs.layerCount
        stages = workers.map { worker in
            guard let profile = worker.profile else {
                preconditionFailure("worker \(worker.name) is placed by time and has no profile")
            }
            return Stage(
                segmentSeconds: Double(costs.segmentLayers) * profile.secondsOfLayer(work),
                stepSeconds: profile.stepSeconds, headSeconds: profile.secondsOfHead(work),
                shortSeconds: Double(missing) * profile.secondsOfLayer(work),
                segmentCountMax: (0..<4).map {
                    let isLast = $0 & 2 != 0
                    let layers = (worker.memoryCost ?? costs.cost.memory).layerCountMax(
                        in: worker.memoryByteCount, of: costs.layerCount, isFirst: $0 & 1 != 0,
                        isLast: isLast)
                    return (layers + (isLast ? missing : 0)) / costs.segmentLayers
                })
        }
    }

    /// From the coordinator to the first stage.
    func opening(to worker: Int) -> Hop {
        Hop(links[.coordinator, .worker(names[worker])], byteCount: round.openingByteCount)
    }

    func hop(from sender: Int, to receiver: Int) -> Hop {
        Hop(links[.worker(names[sender]), .worker(names[receiver])], byteCount: round.hopByteCount)
    }

    /// From the last stage to the coordinator.
    func closing(from worker: Int) -> Hop {
        Hop(links[.worker(names[worker]), .coordinator], byteCount: round.outcomeByteCount)
    }
}

extension MemoryCost {
    /// Layers, at most `layerCount`, that fit `byteCount` bytes.
    func layerCountMax(in byteCount: UInt64, of layerCount: Int, isFirst: Bool, isLast: Bool) -> Int {
        let fixed = self.byteCount(layers: 0, isFirst: isFirst, isLast: isLast)
        guard byteCount >= fixed else { return 0 }
        guard perLayer > 0 else { return layerCount }
        return Int(clamping: min((byteCount - fixed) / perLayer, UInt64(clamping: layerCount)))
    }
}
