// SPDX-License-Identifier: MIT

package import BitNetCore

/// The end of a step's way, from the last stage to the coordinator.
///
/// Payload, little-endian; the frame's stream is the step's id:
///
/// | bytes | field                                                                     |
/// |------:|---------------------------------------------------------------------------|
/// |     4 | result count, at most `Limits.stepTokensMax`                              |
/// |     4 | trace count, at most `Limits.workersMax`                                  |
/// |    16 | for each result: slot, position, token, log-probability (f32; bits 7FC00000 for none, not otherwise NaN) |
/// |    20 | for each trace: compute, idle, queued, sending microseconds, received bytes |
package enum OutcomeFrame {
    /// A whole frame, header included.
    ///
    /// - Precondition: The outcome is within the limits, as the step was.
    package static func encode(_ outcome: StepOutcome) -> [UInt8] {
        precondition(
            outcome.results.count <= Limits.stepTokensMax && outcome.traces.count <= Limits.workersMax,
            "step \(outcome.id): \(outcome.results.count) results and "
                + "\(outcome.traces.count) traces do not fit")
        let payloadByteCount = payloadByteCount(
            resultCount: outcome.results.count, traceCount: outcome.traces.count)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(FrameHeader.byteCount + payloadByteCount)
        FrameHeader(type: .outcome, stream: outcome.id, payloadByteCount: payloadByteCount).append(to: &bytes)
        bytes.append(littleEndian: UInt32(outcome.results.count))
        bytes.append(littleEndian: UInt32(outcome.traces.count))
        for result in outcome.results { PipelineLayout.append(result, to: &bytes) }
        for trace in outcome.traces { PipelineLayout.append(trace, to: &bytes) }
        return bytes
    }

    /// - Throws: ``WireError`` unless `frame` is an outcome within the limits whose payload has exactly the
    ///   bytes that its counts ask for.
    package static func decode(_ frame: Frame) throws(WireError) -> StepOutcome {
        guard frame.type == .outcome else {
            throw WireError(.frameType, "a \(frame.type) frame stands where an outcome is due")
        }
        return try frame.payload.read { reader throws(WireError) in
            try decode(&reader, id: frame.stream, byteCount: frame.payload.count)
        }
    }

    private static func decode(
        _ reader: inout LittleEndianReader, id: UInt64, byteCount: Int
    ) throws(WireError) -> StepOutcome {
        guard let resultCount = reader.integer(UInt32.self), let traceCount = reader.integer(UInt32.self)
        else {
            throw WireError(.malformed, "the outcome of step \(id) ends inside its header")
        }
        guard resultCount <= UInt32(Limits.stepTokensMax), traceCount <= UInt32(Limits.workersMax) else {
            throw WireError(
                .limit,
                "the outcome of step \(id) has \(resultCount) results and \(traceCount) traces; at most "
                    + "\(Limits.stepTokensMax) and \(Limits.workersMax) are taken")
        }
        let expected = payloadByteCount(resultCount: Int(resultCount), traceCount: Int(traceCount))
        guard byteCount == expected else {
            throw WireError(
                .malformed, "the outcome of step \(id) has \(byteCount) bytes; its counts ask for \(expected)"
            )
        }
        var outcome = StepOutcome(id: id, results: [], traces: [])
        outcome.results.reserveCapacity(Int(resultCount))
        for _ in 0..<resultCount { outcome.results.append(try PipelineLayout.result(&reader, step: id)) }
        outcome.traces.reserveCapacity(Int(traceCount))
        for _ in 0..<traceCount { outcome.traces.append(try PipelineLayout.trace(&reader, step: id)) }
        return outcome
    }

    /// Bytes of a frame, header included.
    package static func byteCount(resultCount: Int, traceCount: Int) -> Int {
        FrameHeader.byteCount + payloadByteCount(resultCount: resultCount, traceCount: traceCount)
    }

    /// Fits a control frame at the largest counts: 8 + 2048 × 16 + 1024 × 16.
    private static func payloadByteCount(resultCount: Int, traceCount: Int) -> Int {
        PipelineLayout.outcomeHeaderByteCount + resultCount * PipelineLayout.resultByteCount
            + traceCount * PipelineLayout.traceByteCount
    }
}
