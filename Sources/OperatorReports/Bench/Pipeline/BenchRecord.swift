// SPDX-License-Identifier: MIT
import FoundationEssentials

/// What one run of `bench` found: printed, saved, and read again to be compared.
package struct BenchRecord: Codable, Equatable, Sendable {
    /// One line of the table.
    package struct Row: Codable, Equatable, Sendable {
        /// `pp512`, `tg128`.
        package var test: String
        package var concurrency: Int
        /// One figure for each round.
        package var tokensPerSecond: [Double]

        package init(test: String, concurrency: Int, tokensPerSecond: [Double]) {
            self.test = test
            self.concurrency = concurrency
            self.tokensPerSecond = tokensPerSecond
        }

        var mean: Double { tokensPerSecond.reduce(0, +) / Double(max(tokensPerSecond.count, 1)) }

        var deviation: Double {
            guard tokensPerSecond.count > 1 else { return 0 }
            let squares = tokensPerSecond.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return (squares / Double(tokensPerSecond.count - 1)).squareRoot()
        }
    }

    /// What one stage did while so many sequences were generating; the last round's figures.
    package struct StageRow: Codable, Equatable, Sendable {
        package var concurrency: Int
        package var index: Int
        package var worker: String
        package var layers: String
        package var threads: Int
        package var isa: String
        package var tokensPerStep: Double
        /// For each step.
        package var computeMs: Double
        /// Part of the time in which the stage was computing.
        package var busy: Double
        /// Waiting for input, for each step.
        package var idleMs: Double
        /// From the end of a step's computation until the kernel had its frame.
        package var sendingMs: Double
        /// Part of the steps whose bytes were there before the step before was computed.
        package var ahead: Double
        package var receivedBytesPerStep: Double
        /// What reading the stage's weights alone takes on its machine; unknown if that was not measured.
        package var readMs: Double?
    }

    /// What a long prompt does to those who are generating; gaps are between two tokens of a stream.
    package struct Mixed: Codable, Equatable, Sendable {
        package var streams: Int
        package var promptTokens: Int
        package var quietGapP95Ms: Double
        package var busyGapP95Ms: Double
        package var chunkMs: Double
        package var promptSeconds: Double
    }

    /// What drafts bring where sequences go on from a text; the counts are those of the last round.
    package struct Drafting: Codable, Equatable, Sendable {
        package var concurrency: Int
        /// Tokens a second without drafts, and with them, one figure for each round.
        package var plain: [Double] = []
        package var drafted: [Double] = []
        package var generated = 0
        package var accepted = 0
        package var rejected = 0

        package init(concurrency: Int) {
            self.concurrency = concurrency
        }

        /// Tokens by which a sequence goes on in a step.
        var tokensPerStep: Double { Double(generated) / Double(max(generated - accepted, 1)) }

        /// Median over the rounds of how many times faster they are.
        var ratio: Double {
            let ratios = zip(drafted, plain).map { $0 / max($1, 1e-9) }.sorted()
            return ratios.isEmpty ? 1 : ratios[ratios.count / 2]
        }
    }

    package var model: String
    package var sizeBytes: UInt64
    package var parameters: UInt64
    package var processor: String
    package var processors: Int
    package var workers: Int
    package var stageCount: Int
    package var cacheType: String
    package var head: String
    package var rows: [Row] = []
    package var stages: [StageRow] = []
    /// Per way between coordinator and stages, with one sequence.
    package var hopMicros: Double?
    /// Decoding alone, over what reading the weights alone would allow.
    package var readRatio: Double?
    package var mixed: Mixed?
    package var drafting: [Drafting]?

    /// - Throws: what is wrong with the text.
    package init(decoding bytes: [UInt8]) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(BenchRecord.self, from: Data(bytes))
    }

    package init(
        model: String, sizeBytes: UInt64, parameters: UInt64, processor: String, processors: Int,
        workers: Int,
        stageCount: Int, cacheType: String, head: String
    ) {
        self.model = model
        self.sizeBytes = sizeBytes
        self.parameters = parameters
        self.processor = processor
        self.processors = processors
        self.workers = workers
        self.stageCount = stageCount
        self.cacheType = cacheType
        self.head = head
    }
}
