// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterWire

/// What a plan is to be good at.
package struct PlanGoal: Equatable, Sendable {
    /// Sequences that decode at the same time; with 1 the plan is the fastest for one stream.
    package var concurrency: Int
    /// Values that a hop carries for each token.
    package var hiddenSize: Int
    /// Tokens that a decoded token attends to, as a typical figure.
    package var cachedCount: Int
    package var links: LinkMatrix
    /// What an order other than the file's must gain to be taken, as a share of the time of a round: measurements
    /// waver, and workers that change places have to be sent other layers.
    package var orderGainMin: Double

    /// Figures outside of the limits are moved to the nearest one inside.
    package init(
        concurrency: Int, hiddenSize: Int, cachedCount: Int = 256, links: LinkMatrix = LinkMatrix(),
        orderGainMin: Double = 0.02
    ) {
        self.concurrency = min(max(concurrency, 1), Limits.slotsMax)
        self.hiddenSize = min(max(hiddenSize, 1), Limits.hiddenSizeMax)
        self.cachedCount = min(max(cachedCount, 0), Limits.contextMax)
        self.links = links
        self.orderGainMin = orderGainMin.isFinite ? max(orderGainMin, 0) : 0
    }

    /// How the schedule divides the sequences into steps on `stageCount` stages.
    ///
    /// - Parameter groupCount: as of the schedule.
    package func round(stageCount: Int, groupCount: Int? = nil) -> DecodeRound {
        let stageCount = min(max(stageCount, 1), Limits.workersMax)
        let groupCount = min(max(groupCount ?? stageCount, 1), Limits.stageQueueStepsMax - 1)
        let most = StepLayout.entryCountMax(hidden: hiddenSize)
        let share = min((concurrency + groupCount - 1) / groupCount, most)
        return DecodeRound(
            sequencesPerStep: share, stepCount: (concurrency + share - 1) / share, stageCount: stageCount,
            hiddenSize: hiddenSize, cachedCount: cachedCount)
    }
}

extension PlanGoal {
    /// Numbers of groups that are worth a look, the usual one first, then those nearest to it.
    ///
    /// The usual one is a group for each stage. Of those with steps of the same size there is only the smallest:
    /// the others would be left with single sequences.
    func groupCounts(stageCount: Int) -> [Int] {
        let most = Limits.stageQueueStepsMax - 1
        func needed(_ groupCount: Int) -> Int {
            let stepCount = round(stageCount: stageCount, groupCount: groupCount).stepCount
            return concurrency < groupCount ? groupCount : min(stepCount, most)
        }
        let usual = needed(min(max(stageCount, 1), most))
        let size = round(stageCount: stageCount).sequencesPerStep
        let others = Set((1...min(concurrency, most)).map(needed)).filter {
            round(stageCount: stageCount, groupCount: $0).sequencesPerStep != size
        }
        return [usual]
            + others.sorted { (abs($0 - stageCount), $0) < (abs($1 - stageCount), $1) }
    }
}

/// One token of every sequence: as many steps as it takes, each with a share of the sequences.
package struct DecodeRound: Equatable, Sendable {
    /// Sequences of one step, ⌈concurrency / groups⌉.
    package let sequencesPerStep: Int
    /// Steps that go round; no more than there are groups, unless steps would become too large.
    package let stepCount: Int
    package let stageCount: Int
    let hiddenSize: Int
    let cachedCount: Int

    package var work: StepWork { StepWork(decoding: sequencesPerStep, cachedCount: cachedCount) }

    /// Bytes from the coordinator to the first stage.
    package var openingByteCount: Int {
        FrameHeader.byteCount
            + (StepLayout.byteCount(entryCount: sequencesPerStep, traceCount: 0, hidden: 0) ?? 0)
    }

    /// Bytes from one stage to the next; the traces of all stages are counted.
    package var hopByteCount: Int {
        FrameHeader.byteCount
            + (StepLayout.byteCount(
                entryCount: sequencesPerStep, traceCount: stageCount, hidden: hiddenSize) ?? 0)
    }

    /// Bytes from the last stage to the coordinator.
    package var outcomeByteCount: Int {
        OutcomeFrame.byteCount(resultCount: sequencesPerStep, traceCount: stageCount)
    }
}
