// SPDX-License-Identifier: MIT

/// Bytes of a step on its way between stages, and so how many tokens one may hold.
///
/// Whoever forms, plans, takes or hands on steps asks here, so that none forms what another has to refuse.
package enum StepLayout {
    package static let headerByteCount = 16
    package static let entryByteCount = 20
    package static let traceByteCount = 20

    /// The most tokens that a step of any kind may hold, whatever the number of stages: with a hop of `hidden` values
    /// for each, and a trace of as many stages as there may be, it fits a frame.
    package static func entryCountMax(hidden: Int) -> Int {
        let hidden = min(max(hidden, 0), Limits.hiddenSizeMax)
        let fixed = headerByteCount + Limits.workersMax * traceByteCount
        let each = entryByteCount + hopByteCount(entryCount: 1, hidden: hidden)
        return min(Limits.stepTokensMax, (Limits.activationBytesMax - fixed) / each)
    }

    /// The most tokens of prompts in a step: the other half is left to sequences that write.
    package static func prefillChunkMax(hidden: Int) -> Int { entryCountMax(hidden: hidden) / 2 }

    /// Bytes of a step with its traces and its hop, or `nil` if one of these is above a limit.
    ///
    /// - Parameter hidden: values of the hop for each token; 0 for none.
    package static func byteCount(entryCount: Int, traceCount: Int, hidden: Int) -> Int? {
        guard (1...Limits.stepTokensMax).contains(entryCount), (0...Limits.workersMax).contains(traceCount),
            (0...Limits.hiddenSizeMax).contains(hidden)
        else { return nil }
        // Below 2^30, for every factor is within its limit.
        let byteCount =
            headerByteCount + entryCount * entryByteCount + traceCount * traceByteCount
            + hopByteCount(entryCount: entryCount, hidden: hidden)
        return byteCount <= Limits.activationBytesMax ? byteCount : nil
    }

    package static func hopByteCount(entryCount: Int, hidden: Int) -> Int {
        hidden == 0 ? 0 : entryCount * HopLayout.byteCountPerToken(hidden: hidden)
    }
}
