// SPDX-License-Identifier: MIT
import BitNetCore

extension PipelineBench {
    /// Has `concurrency` sequences go on from different places of a text, without drafts and with them in turn.
    ///
    /// - Parameters:
    ///   - text: at least one token.
    ///   - promptTokenCount: tokens of the text that each goes on from.
    /// - Throws: ``PipelineBenchError`` if drafts change what is generated, or what the pipeline throws.
    func drafting(
        _ text: [UInt32], concurrency: Int, promptTokenCount: Int, tokenCount: Int, rounds: Int
    ) async throws -> BenchRecord.Drafting {
        let requests = (0..<concurrency).map { index in
            var request = request(0, prompt: 0, tokenCountMax: tokenCount)
            let start = index * text.count / concurrency
            request.prompt = .tokens((0..<promptTokenCount).map { text[(start + $0) % text.count] })
            return request
        }
        let drafted = requests.map { request in
            var request = request
            request.mayBeDrafted = true
            return request
        }
        var record = BenchRecord.Drafting(concurrency: concurrency)
        for round in 0..<rounds {
            // Each goes first in turn, as a machine that others use is not as fast all the time.
            let plainFirst = round.isMultiple(of: 2)
            let first = try await decode(plainFirst ? requests : drafted)
            let second = try await decode(plainFirst ? drafted : requests)
            let (plain, with) = plainFirst ? (first, second) : (second, first)
            guard plain.sequences.map(\.tokens) == with.sequences.map(\.tokens) else {
                throw PipelineBenchError(
                    message:
                        "drafts have changed what was generated: that is a fault of this program, please report it"
                )
            }
            record.plain.append(plain.figures.tokensPerSecond)
            record.drafted.append(with.figures.tokensPerSecond)
            record.accepted = with.sequences.reduce(0) { $0 + $1.acceptedDraftCount }
            record.rejected = with.sequences.reduce(0) { $0 + $1.rejectedDraftCount }
            record.generated = with.sequences.reduce(0) { $0 + $1.tokens.count }
        }
        return record
    }
}
