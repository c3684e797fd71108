// SPDX-License-Identifier: MIT
import FoundationEssentials

/// What one run of `bench` found: printed, saved, and read again to be compared.
struct BenchRecord: Codable, Equatable {
    /// One line of the table.
    struct Row: Codable, Equatable {
        /// `pp512`, `tg128`.
        var test: String
        var concurrency: Int
        /// One figure for each round.
        var tokensPerSecond: [Double]

        var mean: Double { tokensPerSecond.reduce(0, +) / Double(max(tokensPerSecond.count, 1)) }

        var deviation: Double {
            guard tokensPerSecond.count > 1 else { return 0 }
            let squares = tokensPerSecond.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return (squares / Double(tokensPerSecond.count - 1)).squareRoot()
        }
    }

    /// What one stage did while so many sequences were generating; the last round's figures.
    struct Stage: Codable, Equatable {
        var concurrency: Int
        var index: Int
        var worker: String
        var layers: String
        var threads: Int
        var isa: String
        var tokensPerStep: Double
        /// For each step.
        var computeMs: Double
        /// Part of the time in which the stage was computing.
        var busy: Double
        /// Waiting for input, for each step.
        var idleMs: Double
        /// From the end of a step's computation until the kernel had its frame.
        var sendingMs: Double
        /// Part of the steps whose bytes were there before the step before was computed.
        var ahead: Double
        var receivedBytesPerStep: Double
        /// What reading the stage's weights alone takes on its machine; unknown if that was not measured.
        var readMs: Double?
    }

    struct Mixed: Codable, Equatable {
        var streams: Int
        var promptTokens: Int
        var quietGapP95Ms: Double
        var busyGapP95Ms: Double
        var chunkMs: Double
        var promptSeconds: Double
    }

    var model: String
    var sizeBytes: UInt64
    var parameters: UInt64
    var processor: String
    var processors: Int
    var workers: Int
    var stageCount: Int
    var cacheType: String
    var head: String
    var rows: [Row] = []
    var stages: [Stage] = []
    /// Per way between coordinator and stages, with one sequence.
    var hopMicros: Double?
    /// Decoding alone, over what reading the weights alone would allow.
    var readRatio: Double?
    var mixed: Mixed?

    /// - Throws: what is wrong with the text.
    init(decoding bytes: [UInt8]) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(BenchRecord.self, from: Data(bytes))
    }

    init(
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
