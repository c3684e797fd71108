// SPDX-License-Identifier: MIT

import BitNetCore

/// The records of steps and outcomes.
enum PipelineLayout {
    static let stepHeaderByteCount = 16
    static let outcomeHeaderByteCount = 12
    static let entryByteCount = 20
    static let traceByteCount = 20
    /// Without its alternatives.
    static let resultByteCount = 20
    static let alternativeByteCount = 8

    static func append(_ entry: StepEntry, to bytes: inout [UInt8]) {
        let (output, target): (UInt32, UInt32) =
            switch entry.output {
            case .none: (0, 0)
            case .sample: (1, 0)
            case .score(let target): (2, target)
            }
        for value in [entry.slot, entry.position, entry.token, output, target] {
            bytes.append(littleEndian: value)
        }
    }

    static func entry(_ reader: inout LittleEndianReader, step: UInt64) throws(WireError) -> StepEntry {
        guard let slot = reader.integer(UInt32.self), let position = reader.integer(UInt32.self),
            let token = reader.integer(UInt32.self), let output = reader.integer(UInt32.self),
            let target = reader.integer(UInt32.self)
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
        guard output < UInt32(outputs.count) else {
            throw WireError(
                .limit, "step \(step) asks for output \(output), which this release does not know")
        }
        return StepEntry(slot: slot, position: position, token: token, output: outputs[Int(output)])
    }

    /// Stands where a result has no log-probability; all other values that are not numbers are refused.
    private static let noLogProbability: UInt32 = 0x7FC0_0000

    /// The result itself; its alternatives stand behind all results.
    static func append(_ result: StepResult, to bytes: inout [UInt8]) {
        bytes.append(littleEndian: result.slot)
        bytes.append(littleEndian: result.position)
        bytes.append(littleEndian: result.token)
        bytes.append(littleEndian: result.logProbability?.bitPattern ?? noLogProbability)
        bytes.append(littleEndian: UInt32(result.alternatives.count))
    }

    /// - Returns: the result without its alternatives, and how many there are.
    static func result(
        _ reader: inout LittleEndianReader, step: UInt64
    ) throws(WireError) -> (result: StepResult, alternativeCount: Int) {
        guard let slot = reader.integer(UInt32.self), let position = reader.integer(UInt32.self),
            let token = reader.integer(UInt32.self), let bits = reader.integer(UInt32.self),
            let alternativeCount = reader.integer(UInt32.self)
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
        return (result, Int(alternativeCount))
    }

    static func append(_ alternative: TokenScore, to bytes: inout [UInt8]) {
        bytes.append(littleEndian: alternative.token)
        bytes.append(littleEndian: alternative.logProbability.bitPattern)
    }

    static func alternative(
        _ reader: inout LittleEndianReader, step: UInt64
    ) throws(WireError) -> TokenScore {
        guard let token = reader.integer(UInt32.self), let bits = reader.integer(UInt32.self) else {
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

    static func append(_ trace: StageTrace, to bytes: inout [UInt8]) {
        for value in [
            trace.computeMicros, trace.idleMicros, trace.queuedMicros, trace.sendingMicros,
            trace.receivedBytes,
        ] {
            bytes.append(littleEndian: value)
        }
    }

    static func trace(_ reader: inout LittleEndianReader, step: UInt64) throws(WireError) -> StageTrace {
        guard let compute = reader.integer(UInt32.self), let idle = reader.integer(UInt32.self),
            let queued = reader.integer(UInt32.self), let sending = reader.integer(UInt32.self),
            let received = reader.integer(UInt32.self)
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
