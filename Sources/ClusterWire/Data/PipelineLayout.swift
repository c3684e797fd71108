// SPDX-License-Identifier: MIT

import BitNetCore
import NIOCore

/// The records of steps and outcomes; their sizes where a step needs them are `StepLayout`'s.
enum PipelineLayout {
    static let outcomeHeaderByteCount = 12
    /// Without its alternatives.
    static let resultByteCount = 20
    static let alternativeByteCount = 8
    /// Entries, traces and results are five numbers each.
    private typealias Record = (UInt32, UInt32, UInt32, UInt32, UInt32)

    static func write(_ entry: StepEntry, to bytes: inout ByteBuffer) {
        let (output, target): (UInt32, UInt32) =
            switch entry.output {
            case .none: (0, 0)
            case .sample: (1, 0)
            case .score(let target): (2, target)
            }
        bytes.writeMultipleIntegers(
            entry.slot, entry.position, entry.token, output, target, endianness: .little)
    }

    static func entry(_ bytes: inout ByteBuffer, step: UInt64) throws(WireError) -> StepEntry {
        guard
            let (slot, position, token, output, target) = bytes.readMultipleIntegers(
                endianness: .little, as: Record.self)
        else {
            throw WireError(.malformed, "step \(step) ends inside an entry")
        }
        try check(slot: slot, position: position, token: token, step: step)
        guard target == 0 || output == 2 else {
            throw WireError(.reserved, "step \(step) names a target for an entry that is not scored")
        }
        guard target < UInt32(Limits.vocabularyMax) else {
            throw WireError(.limit, "step \(step) asks to score token \(target); no vocabulary is that large")
        }
        let outputs: [StepEntry.Output] = [.none, .sample, .score(target: target)]
        guard Int(clamping: output) < outputs.count else {
            throw WireError(
                .limit, "step \(step) asks for output \(output), which this release does not know")
        }
        return StepEntry(slot: slot, position: position, token: token, output: outputs[Int(clamping: output)])
    }

    /// Stands where a result has no log-probability; all other values that are not numbers are refused.
    private static let noLogProbability: UInt32 = 0x7FC0_0000

    /// The result itself; its alternatives stand behind all results.
    static func write(_ result: StepResult, to bytes: inout ByteBuffer) {
        bytes.writeMultipleIntegers(
            result.slot, result.position, result.token,
            result.logProbability?.bitPattern ?? noLogProbability,
            UInt32(clamping: result.alternatives.count),
            endianness: .little)
    }

    /// - Returns: the result without its alternatives, and how many there are.
    static func result(
        _ bytes: inout ByteBuffer, step: UInt64
    ) throws(WireError) -> (result: StepResult, alternativeCount: Int) {
        guard
            let (slot, position, token, bits, alternativeCount) = bytes.readMultipleIntegers(
                endianness: .little, as: Record.self)
        else {
            throw WireError(.malformed, "the outcome of step \(step) ends inside a result")
        }
        try check(slot: slot, position: position, token: token, step: step)
        let logProbability = bits == noLogProbability ? nil : Float(bitPattern: bits)
        guard logProbability?.isNaN != true else {
            throw WireError(.limit, "the outcome of step \(step) has a log-probability that is not a number")
        }
        guard alternativeCount <= UInt32(Limits.alternativesMax) else {
            throw WireError(
                .limit,
                "the outcome of step \(step) has \(alternativeCount) alternatives for a token; at most "
                    + "\(Limits.alternativesMax) are taken")
        }
        let result = StepResult(slot: slot, position: position, token: token, logProbability: logProbability)
        return (result, Int(clamping: alternativeCount))
    }

    static func write(_ alternative: TokenScore, to bytes: inout ByteBuffer) {
        bytes.writeMultipleIntegers(
            alternative.token, alternative.logProbability.bitPattern, endianness: .little)
    }

    static func alternative(
        _ bytes: inout ByteBuffer, step: UInt64
    ) throws(WireError) -> TokenScore {
        guard
            let (token, bits) = bytes.readMultipleIntegers(
                endianness: .little, as: (UInt32, UInt32).self)
        else {
            throw WireError(.malformed, "the outcome of step \(step) ends inside an alternative")
        }
        let logProbability = Float(bitPattern: bits)
        guard token < UInt32(Limits.vocabularyMax), !logProbability.isNaN else {
            throw WireError(
                .limit,
                "the outcome of step \(step) has the alternative \(token) with log-probability "
                    + "\(logProbability); tokens must be below \(Limits.vocabularyMax), the other a number")
        }
        return TokenScore(token: token, logProbability: logProbability)
    }

    static func write(_ trace: StageTrace, to bytes: inout ByteBuffer) {
        bytes.writeMultipleIntegers(
            trace.computeMicros, trace.idleMicros, trace.queuedMicros, trace.sendingMicros,
            trace.receivedBytes, endianness: .little)
    }

    static func trace(_ bytes: inout ByteBuffer, step: UInt64) throws(WireError) -> StageTrace {
        guard
            let (compute, idle, queued, sending, received) = bytes.readMultipleIntegers(
                endianness: .little, as: Record.self)
        else {
            throw WireError(.malformed, "step \(step) ends inside a trace")
        }
        return StageTrace(
            computeMicros: compute, idleMicros: idle, queuedMicros: queued, sendingMicros: sending,
            receivedBytes: received)
    }

    private static func check(slot: UInt32, position: UInt32, token: UInt32, step: UInt64) throws(WireError) {
        guard slot < UInt32(Limits.slotsMax), position < UInt32(Limits.contextMax),
            token < UInt32(Limits.vocabularyMax)
        else {
            throw WireError(
                .limit,
                "step \(step) names slot \(slot), position \(position), token \(token); all must be below "
                    + "\(Limits.slotsMax), \(Limits.contextMax), \(Limits.vocabularyMax)")
        }
    }
}
