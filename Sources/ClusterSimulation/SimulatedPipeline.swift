// SPDX-License-Identifier: MIT

import BitNetCore
package import ClusterPlanning
import ClusterWire

/// Stages and links with a clock of their own.
///
/// A stage computes one step at a time, a link carries one frame at a time, and both take what comes first;
/// a frame arrives one delay after its last byte has left. So steps never overtake each other, and all that one
/// step meets is known when it is sent.
package struct SimulatedPipeline: Sendable {
    package struct Stage: Sendable {
        package let profile: WorkerProfile
        package let layerCount: Int

        package init(profile: WorkerProfile, layerCount: Int) {
            self.profile = profile
            self.layerCount = layerCount
        }
    }

    package let stages: [Stage]
    /// To the first stage, between the stages, and back from the last: one more than stages.
    package let links: [LinkProfile]
    package let hiddenSize: Int

    /// Time until which each is taken.
    private var stageFree: [Double]
    private var linkFree: [Double]
    /// Time that each was at work.
    package private(set) var stageBusySeconds: [Double]
    package private(set) var linkBusySeconds: [Double]
    /// Time that steps lay before each stage.
    package private(set) var stageWaitSeconds: [Double]
    package private(set) var stepCount = 0

    /// - Precondition: at least one stage, and one link more than stages.
    package init(stages: [Stage], links: [LinkProfile], hiddenSize: Int) {
        precondition(
            !stages.isEmpty && links.count == stages.count + 1,
            "\(stages.count) stages and \(links.count) links make no pipeline")
        self.stages = stages
        self.links = links
        self.hiddenSize = hiddenSize
        stageFree = [Double](repeating: 0, count: stages.count)
        linkFree = [Double](repeating: 0, count: links.count)
        stageBusySeconds = stageFree
        linkBusySeconds = linkFree
        stageWaitSeconds = stageFree
    }

    /// Sends a step; steps must be sent in the order of their time.
    ///
    /// - Returns: when its outcome is back.
    mutating func send(_ step: Step, at now: Double) -> Double {
        let work = StepWork(of: step)
        stepCount += 1
        var time = now
        for index in stages.indices {
            time = carry(byteCount(step, into: index), over: index, at: time)
            let start = max(time, stageFree[index])
            let seconds = stages[index].profile.secondsOfStage(
                work, layerCount: stages[index].layerCount, isLast: index + 1 == stages.count)
            stageWaitSeconds[index] += start - time
            stageBusySeconds[index] += seconds
            time = start + seconds
            stageFree[index] = time
        }
        let byteCount = OutcomeFrame.byteCount(resultCount: work.outputCount, traceCount: stages.count)
        return carry(byteCount, over: stages.count, at: time)
    }

    private mutating func carry(_ byteCount: Int, over link: Int, at time: Double) -> Double {
        let seconds = links[link].transferSeconds(byteCount)
        linkFree[link] = max(time, linkFree[link]) + seconds
        linkBusySeconds[link] += seconds
        return linkFree[link] + links[link].latencySeconds
    }

    private func byteCount(_ step: Step, into stage: Int) -> Int {
        let payload = StepLayout.byteCount(
            entryCount: step.entries.count, traceCount: stage, hidden: stage == 0 ? 0 : hiddenSize)
        return FrameHeader.byteCount + (payload ?? Limits.activationBytesMax)
    }
}
