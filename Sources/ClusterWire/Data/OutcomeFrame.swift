// SPDX-License-Identifier: MIT

package import BitNetCore
import NIOCore

/// The end of a step's way, from the last stage to the coordinator.
///
/// Payload, little-endian; the frame's stream is the step's id:
///
/// | bytes | field                                                                     |
/// |------:|---------------------------------------------------------------------------|
/// |     4 | result count, at most `Limits.stepTokensMax`                              |
/// |     4 | trace count, at most `Limits.workersMax`                                  |
/// |     4 | alternative count of all results together                                 |
/// |    20 | for each result: slot, position, token, log-probability (f32; bits 7FC00000 for none, not otherwise NaN), alternative count, at most `Limits.alternativesMax` |
/// |     8 | for each alternative of the first result, then of the next: token, log-probability (f32, not NaN) |
/// |    20 | for each trace: compute, idle, queued, sending microseconds, received bytes |
package enum OutcomeFrame {
    /// - Throws: ``WireError`` if the outcome is beyond the limits.
    package static func encode(_ outcome: StepOutcome) throws(WireError) -> Frame {
        let counts = Counts(outcome)
        guard counts.areWithinLimits,
            outcome.results.allSatisfy({ $0.alternatives.count <= Limits.alternativesMax })
        else {
            throw WireError(.limit, "the outcome of step \(outcome.id) with \(counts) does not fit a frame")
        }
        let header = try FrameHeader(
            type: .outcome, stream: outcome.id, payloadByteCount: counts.payloadByteCount)
        return Frame(header) { bytes in
            bytes.writeMultipleIntegers(
                UInt32(clamping: counts.results), UInt32(clamping: counts.traces),
                UInt32(clamping: counts.alternatives), endianness: .little)
            for result in outcome.results { PipelineLayout.write(result, to: &bytes) }
            for result in outcome.results {
                for alternative in result.alternatives { PipelineLayout.write(alternative, to: &bytes) }
            }
            for trace in outcome.traces { PipelineLayout.write(trace, to: &bytes) }
        }
    }

    /// - Throws: ``WireError`` unless `frame` is an outcome within the limits whose payload has exactly the
    ///   bytes that its counts ask for.
    package static func decode(_ frame: Frame) throws(WireError) -> StepOutcome {
        guard frame.type == .outcome else {
            throw WireError(.frameType, "a \(frame.type) frame stands where an outcome is due")
        }
        let id = frame.stream
        var bytes = frame.payload
        let byteCount = bytes.readableBytes
        guard
            let (resultCount, traceCount, alternativeCount) = bytes.readMultipleIntegers(
                endianness: .little, as: (UInt32, UInt32, UInt32).self)
        else {
            throw WireError(.malformed, "the outcome of step \(id) ends inside its header")
        }
        let counts = Counts(
            results: Int(clamping: resultCount), traces: Int(clamping: traceCount),
            alternatives: Int(clamping: alternativeCount))
        guard counts.areWithinLimits else {
            throw WireError(
                .limit,
                "the outcome of step \(id) has \(counts); at most \(Limits.stepTokensMax), "
                    + "\(Limits.workersMax) and \(Limits.alternativesMax) for each result are taken")
        }
        guard byteCount == counts.payloadByteCount else {
            throw WireError(
                .malformed,
                "the outcome of step \(id) has \(byteCount) bytes; its counts ask for \(counts.payloadByteCount)"
            )
        }
        var outcome = StepOutcome(id: id, results: [], traces: [])
        outcome.results = try results(&bytes, id: id, counts)
        outcome.traces.reserveCapacity(counts.traces)
        for _ in 0..<counts.traces { outcome.traces.append(try PipelineLayout.trace(&bytes, step: id)) }
        return outcome
    }

    private static func results(
        _ bytes: inout ByteBuffer, id: UInt64, _ counts: Counts
    ) throws(WireError) -> [StepResult] {
        var results: [StepResult] = []
        var alternativeCounts: [Int] = []
        results.reserveCapacity(counts.results)
        alternativeCounts.reserveCapacity(counts.results)
        for _ in 0..<counts.results {
            let (result, alternativeCount) = try PipelineLayout.result(&bytes, step: id)
            results.append(result)
            alternativeCounts.append(alternativeCount)
        }
        guard alternativeCounts.reduce(0, +) == counts.alternatives else {
            throw WireError(
                .malformed, "the alternatives in the outcome of step \(id) are not as many as its header says"
            )
        }
        for (index, count) in alternativeCounts.enumerated() where count > 0 {
            results[index].alternatives.reserveCapacity(count)
            for _ in 0..<count {
                results[index].alternatives.append(try PipelineLayout.alternative(&bytes, step: id))
            }
        }
        return results
    }

    /// Bytes of a frame without alternatives, header included.
    package static func byteCount(resultCount: Int, traceCount: Int) -> Int {
        FrameHeader.byteCount
            + Counts(results: resultCount, traces: traceCount, alternatives: 0).payloadByteCount
    }
}

/// What the header of an outcome says.
private struct Counts: CustomStringConvertible {
    let results: Int
    let traces: Int
    let alternatives: Int

    init(results: Int, traces: Int, alternatives: Int) {
        self.results = results
        self.traces = traces
        self.alternatives = alternatives
    }

    init(_ outcome: StepOutcome) {
        self.init(
            results: outcome.results.count, traces: outcome.traces.count,
            alternatives: outcome.results.reduce(0) { $0 + $1.alternatives.count })
    }

    var areWithinLimits: Bool {
        results <= Limits.stepTokensMax && traces <= Limits.workersMax
            && alternatives <= results * Limits.alternativesMax
    }

    /// Fits the frame's limit at the largest counts: 12 + 2048 × (20 + 20 × 8) + 1024 × 20.
    var payloadByteCount: Int {
        PipelineLayout.outcomeHeaderByteCount + results * PipelineLayout.resultByteCount
            + alternatives * PipelineLayout.alternativeByteCount + traces * StepLayout.traceByteCount
    }

    var description: String { "\(results) results, \(traces) traces and \(alternatives) alternatives" }
}
