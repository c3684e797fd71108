// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import BitNetSynthesis
import ClusterConfig
import ClusterCoordinator
import ClusterPlanning
import OperatorReports

/// A model of nine layers, and clusters to plan it for.
enum PlanSamples {
    static var model: ModelDescription {
        var model = ModelShape.tiny.description
        model.name = "stories"
        model.shape.layerCount = 9
        model.shape.hiddenSize = 256
        model.shape.feedForwardSize = 768
        model.shape.headCount = 8
        model.shape.vocabularySize = 2048
        return model
    }

    static var shape: ProfiledShape { ProfiledShape(model, TableEncodings()) }

    /// Every part takes a mebibyte, on the wire and in memory.
    static let cost = ModelCost(
        layerByteCounts: [UInt64](repeating: 1 << 20, count: 9), embeddingByteCount: 1 << 20,
        outputNormByteCount: 0, headByteCount: 1 << 20, headSharesEmbedding: true,
        memory: MemoryCost(perLayer: 1 << 20, perStage: 1 << 20))

    static func assumptions(_ speeds: [String: Double] = [:]) -> PlanAssumptions {
        PlanAssumptions(
            readBytesPerSecond: 20e9, readBytesPerSecondByWorker: speeds, link: .gigabitEthernet)
    }

    /// - Parameter workers: names, each with what else the cluster file says of it.
    static func file(_ workers: [(name: String, rest: String)]) throws -> ClusterFile {
        let lines = workers.enumerated().map { index, worker in
            "  - {name: \(worker.name), address: \"127.0.0.1:\(7100 + index)\"\(worker.rest)}\n"
        }
        return try ClusterFile.parse(
            "cluster: tests\nworkers:\n" + lines.joined(), path: "workers.yaml")
    }

    static func subject(
        _ workers: [(name: String, rest: String)], book: MeasurementBook = MeasurementBook(),
        speeds: [String: Double] = [:]
    ) throws -> PlanSubject {
        try PlanSubject(
            file: file(workers), model: model, tables: TableEncodings(), cost: cost, book: book,
            assumptions: assumptions(speeds))
    }

    /// A book that knows worker `a` with a model of this shape.
    static func book(_ shape: ProfiledShape) throws -> MeasurementBook {
        var book = MeasurementBook()
        book.record(workers: [
            MeasurementBook.Worker(
                cluster: "tests", worker: "a", shape: shape, kernel: "avx2",
                profile: try .assumed(readBytesPerSecond: 10e9, for: shape), memoryByteCount: 1 << 30,
                measuredAt: 7)
        ])
        return book
    }
}
