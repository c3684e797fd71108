// SPDX-License-Identifier: MIT

package import BitNetCore
package import NIOCore

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
    /// The hop, in the frame's memory; empty if there is none.
    package let hop: ByteBuffer
}

extension StepFrame {
    /// The frame of a step without a hop.
    ///
    /// - Throws: ``WireError`` if the step is beyond the limits of `StepLayout`.
    package static func encode(_ step: Step) throws(WireError) -> Frame {
        Frame(try header(step, traceCount: step.traces.count, hidden: 0)) { bytes in
            write(step, traceCount: step.traces.count, hidden: 0, to: &bytes)
        }
    }

    /// The frame with which a stage hands a step on; the hop is written into its place in it.
    ///
    /// - Parameters:
    ///   - step: What the stage received, without its own trace.
    ///   - hidden: Values per token of the hop, at least 1.
    ///   - fill: Writes every byte of the hop, and returns the trace of the stage that computed it.
    /// - Throws: ``WireError``, before `fill` is called, if the step is beyond the limits of `StepLayout` with the
    ///   stage's trace; and what `fill` throws.
    package static func encode(
        _ step: Step, hidden: Int, fill: (UnsafeMutableRawBufferPointer) throws -> StageTrace
    ) throws -> Frame {
        let traceCount = step.traces.count + 1
        let hopByteCount = StepLayout.hopByteCount(entryCount: step.entries.count, hidden: hidden)
        let header = try header(step, traceCount: traceCount, hidden: hidden)
        return try Frame(header) { bytes in
            write(step, traceCount: traceCount, hidden: hidden, to: &bytes)
            // The trace stands before the hop, but is known only after it.
            let traceIndex = bytes.writerIndex
            bytes.moveWriterIndex(forwardBy: StepLayout.traceByteCount)
            let trace = try bytes.withUnsafeMutableWritableBytes { room in
                try fill(UnsafeMutableRawBufferPointer(rebasing: room.prefix(hopByteCount)))
            }
            let end = bytes.writerIndex + hopByteCount
            bytes.moveWriterIndex(to: traceIndex)
            PipelineLayout.write(trace, to: &bytes)
            bytes.moveWriterIndex(to: end)
        }
    }

    private static func header(
        _ step: Step, traceCount: Int, hidden: Int
    ) throws(WireError) -> FrameHeader {
        let byteCount = StepLayout.byteCount(
            entryCount: step.entries.count, traceCount: traceCount, hidden: hidden)
        guard let byteCount else {
            throw WireError(
                .limit,
                "step \(step.id) with \(step.entries.count) tokens, \(traceCount) traces and hidden size "
                    + "\(hidden) does not fit the frame with which it would go on")
        }
        return try FrameHeader(type: .step, stream: step.id, payloadByteCount: byteCount)
    }

    /// Everything but a trace that is yet to come and the hop.
    private static func write(_ step: Step, traceCount: Int, hidden: Int, to bytes: inout ByteBuffer) {
        bytes.writeMultipleIntegers(
            UInt32(clamping: step.entries.count), UInt32(clamping: traceCount), UInt32(clamping: hidden),
            UInt32(0),
            endianness: .little)
        for entry in step.entries { PipelineLayout.write(entry, to: &bytes) }
        for trace in step.traces { PipelineLayout.write(trace, to: &bytes) }
    }
}

extension StepFrame {
    /// - Throws: ``WireError`` unless `frame` is a step within the limits whose payload has exactly the bytes
    ///   that its counts ask for.
    package static func decode(_ frame: Frame) throws(WireError) -> StepFrame {
        guard frame.type == .step else {
            throw WireError(.frameType, "a \(frame.type) frame stands where a step is due")
        }
        let id = frame.stream
        var bytes = frame.payload
        let byteCount = bytes.readableBytes
        guard
            let (entries, traces, values, reserved) = bytes.readMultipleIntegers(
                endianness: .little, as: (UInt32, UInt32, UInt32, UInt32).self)
        else {
            throw WireError(.malformed, "step \(id) ends inside its header")
        }
        guard reserved == 0 else { throw WireError(.reserved, "step \(id) sets reserved bytes") }
        let (entryCount, traceCount, hidden) = (
            Int(clamping: entries), Int(clamping: traces), Int(clamping: values)
        )
        let expected = StepLayout.byteCount(entryCount: entryCount, traceCount: traceCount, hidden: hidden)
        guard let expected else {
            throw WireError(
                .limit,
                "step \(id) has \(entryCount) tokens, \(traceCount) traces and hidden size \(hidden); "
                    + "at most \(Limits.stepTokensMax), \(Limits.workersMax) and "
                    + "\(Limits.activationBytesMax) bytes are taken, and at least one token")
        }
        guard byteCount == expected else {
            throw WireError(.malformed, "step \(id) has \(byteCount) bytes; its counts ask for \(expected)")
        }
        var step = Step(id: id, entries: [])
        step.entries.reserveCapacity(entryCount)
        for _ in 0..<entryCount { step.entries.append(try PipelineLayout.entry(&bytes, step: id)) }
        step.traces.reserveCapacity(traceCount)
        for _ in 0..<traceCount { step.traces.append(try PipelineLayout.trace(&bytes, step: id)) }
        return StepFrame(step: step, hidden: hidden, hop: bytes)
    }
}
