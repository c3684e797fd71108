// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import Testing

extension LocalModel {
    /// Largest difference at each position of each tight prompt, over all values kept of it.
    func tightDifferences(from golden: Golden) throws -> [(ids: [UInt32], positions: [Float])] {
        try #require(golden.tight.count >= 5)
        return try golden.tight.map { prompt in
            let vectors = try logProbabilities(prompt.ids)
            try #require(vectors.count == prompt.positions.count)
            let positions = try zip(vectors, prompt.positions).map { vector, position in
                let values = zip(position.top + golden.fixed, position.topLog + position.fixedLog)
                return try #require(values.map { token, expected in abs(vector[token] - expected) }.max())
            }
            return (prompt.ids, positions)
        }
    }

    /// How far the log-probability of each next token of the long text is from the reference's.
    func longDifferences(from golden: Golden) throws -> [Float] {
        let ids = golden.long.ids
        try open(slot: 0)
        defer { close(slot: 0) }
        var differences: [Float] = []
        for start in stride(from: 0, to: ids.count - 1, by: 64) {
            let step = (start..<min(start + 64, ids.count - 1)).map { position in
                StepEntry(
                    slot: 0, position: UInt32(position), token: ids[position],
                    output: .score(target: ids[position + 1]))
            }
            for result in try run(step) {
                let logProbability = try #require(result.logProbability)
                differences.append(abs(logProbability - golden.long.nextLog[Int(result.position)]))
            }
        }
        try #require(differences.count == golden.long.nextLog.count)
        return differences
    }

    /// Expects the reference's tokens for as long as its choice is clear.
    func expectGreedy(of golden: Golden) throws {
        try #require(!golden.greedy.isEmpty)
        for golden in golden.greedy {
            let sure = golden.margin.firstIndex { $0 < 0.05 } ?? golden.ids.count
            let tokens = try generate(golden.prompt, count: max(sure, 1)).map(\.token)
            #expect(Array(tokens.prefix(sure)) == Array(golden.ids.prefix(sure)))
        }
    }
}

extension [Float] {
    var mean: Float { reduce(0, +) / Float(count) }
}
