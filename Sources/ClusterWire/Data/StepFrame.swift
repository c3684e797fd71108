// SPDX-License-Identifier: MIT

package import BitNetCore

/// A step with, behind the first stage, the activations that the stage before it computed.
///
/// Payload, little-endian; the frame's stream is the step's id:
///
/// | bytes | field                                                                                    |
/// |------:|------------------------------------------------------------------------------------------|
/// |     4 | entry count, 1 to `Limits.stepTokensMax`                                                 |
/// |     4 | trace count, at most `Limits.workersMax`                                                 |
/// |     4 | hidden size of the hop; 0 means that no hop follows                                      |
/// |     4 | reserved, 0                                                                              |
/// |    20 | for each entry: slot, position, token, output (0 none, 1 sample, 2 score), target or 0   |
/// |    20 | for each trace: compute, idle, queued, sending microseconds, received bytes              |
/// |       | hop: entries × `HopLayout.byteCountPerToken(hidden)`                                     |
package struct StepFrame: Equatable, Sendable {
    package let step: Step
    /// Values per token of the hop; 0 if there is none.
    package let hidden: Int
    /// Where the hop lies in the frame's payload; it reaches to the payload's end.
    package let hopRange: Range<Int>

    package var hopOffset: Int { hopRange.lowerBound }

    /// - Returns: `nil` if a payload of this shape is above a limit.
    package static func payloadByteCount(entryCount: Int, traceCount: Int, hidden: Int) -> Int? {
        guard (1...Limits.stepTokensMax).contains(entryCount), (0...Limits.workersMax).contains(traceCount),
            (0...Limits.hiddenSizeMax).contains(hidden)
        else { return nil }
        // Below 2^30, for every factor is within its limit.
        let byteCount =
            PipelineLayout.stepHeaderByteCount + entryCount * PipelineLayout.entryByteCount
            + traceCount * PipelineLayout.traceByteCount
            + hopByteCount(entryCount: entryCount, hidden: hidden)
        return byteCount <= Limits.activationBytesMax ? byteCount : nil
    }

    /// The most entries that a step may have so that its frame fits behind the last of `stageCount` stages.
    package static func entryCountMax(hidden: Int, stageCount: Int) -> Int {
        let fixed = PipelineLayout.stepHeaderByteCount + stageCount * PipelineLayout.traceByteCount
        let each = PipelineLayout.entryByteCount + HopLayout.byteCountPerToken(hidden: hidden)
        return min(Limits.stepTokensMax, max(0, (Limits.activationBytesMax - fixed) / each))
    }

    static func hopByteCount(entryCount: Int, hidden: Int) -> Int {
        hidden == 0 ? 0 : entryCount * HopLayout.byteCountPerToken(hidden: hidden)
    }
}

extension StepFrame {
    /// A whole frame, header included.
    ///
    /// - Parameters:
    ///   - step: What to send, with the trace of the stage that sends it.
    ///   - hidden: Values per token of the hop; 0 for a step without one.
    ///   - fill: Writes the hop into its place in the frame; the bytes are zero before.
    /// - Returns: What to write to the connection.
    /// - Precondition: The step is within the limits; the coordinator forms no larger one.
    package static func encode(
        step: Step, hidden: Int = 0, fill: (UnsafeMutableRawBufferPointer) throws -> Void
    ) rethrows -> [UInt8] {
        guard
            let payloadByteCount = payloadByteCount(
                entryCount: step.entries.count, traceCount: step.traces.count, hidden: hidden)
        else {
            preconditionFailure(
                "step \(step.id) with \(step.entries.count) entries, \(step.traces.count) traces and hidden "
                    + "size \(hidden) does not fit a frame")
        }
        let byteCount = FrameHeader.byteCount + payloadByteCount
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        FrameHeader(type: .step, stream: step.id, payloadByteCount: payloadByteCount).append(to: &bytes)
        bytes.append(littleEndian: UInt32(step.entries.count))
        bytes.append(littleEndian: UInt32(step.traces.count))
        bytes.append(littleEndian: UInt32(hidden))
        bytes.append(littleEndian: UInt32(0))
        for entry in step.entries { PipelineLayout.append(entry, to: &bytes) }
        for trace in step.traces { PipelineLayout.append(trace, to: &bytes) }
        let hopStart = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: byteCount - hopStart))
        try bytes.withUnsafeMutableBytes {
            try fill(UnsafeMutableRawBufferPointer(rebasing: $0[hopStart...]))
        }
        return bytes
    }

    /// A whole frame without a hop, or around one that exists already.
    ///
    /// - Precondition: `hop` has the bytes that the entries and `hidden` ask for.
    package static func encode(step: Step, hidden: Int = 0, hop: [UInt8] = []) -> [UInt8] {
        encode(step: step, hidden: hidden) { region in
            precondition(
                hop.count == region.count,
                "step \(step.id): a hop of \(hop.count) bytes where \(region.count) are due")
            region.copyBytes(from: hop)
        }
    }

    /// - Throws: ``WireError`` unless `frame` is a step within the limits whose payload has exactly the bytes
    ///   that its counts ask for.
    package static func decode(_ frame: Frame) throws(WireError) -> StepFrame {
        guard frame.type == .step else {
            throw WireError(.frameType, "a \(frame.type) frame stands where a step is due")
        }
        return try frame.payload.read { reader throws(WireError) in
            try decode(&reader, id: frame.stream, byteCount: frame.payload.count)
        }
    }

    private static func decode(
        _ reader: inout LittleEndianReader, id: UInt64, byteCount: Int
    ) throws(WireError) -> StepFrame {
        guard let entryCount = reader.integer(UInt32.self), let traceCount = reader.integer(UInt32.self),
            let hidden = reader.integer(UInt32.self), let reserved = reader.integer(UInt32.self)
        else {
            throw WireError(.malformed, "step \(id) ends inside its header")
        }
        guard reserved == 0 else { throw WireError(.reserved, "step \(id) sets reserved bytes") }
        let expected = payloadByteCount(
            entryCount: Int(entryCount), traceCount: Int(traceCount), hidden: Int(hidden))
        guard let expected else {
            throw WireError(
                .limit,
                "step \(id) has \(entryCount) entries, \(traceCount) traces and hidden size \(hidden); "
                    + "at most \(Limits.stepTokensMax), \(Limits.workersMax) and "
                    + "\(Limits.activationBytesMax) bytes are taken, and at least one entry")
        }
        guard byteCount == expected else {
            throw WireError(.malformed, "step \(id) has \(byteCount) bytes; its counts ask for \(expected)")
        }
        var step = Step(id: id, entries: [])
        step.entries.reserveCapacity(Int(entryCount))
        for _ in 0..<entryCount { step.entries.append(try PipelineLayout.entry(&reader, step: id)) }
        step.traces.reserveCapacity(Int(traceCount))
        for _ in 0..<traceCount { step.traces.append(try PipelineLayout.trace(&reader, step: id)) }
        return StepFrame(step: step, hidden: Int(hidden), hopRange: reader.offset..<byteCount)
    }
}
