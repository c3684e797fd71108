// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterLogic
import ClusterWire

/// The stage that a coordinator gives a worker, found to be one that fits it.
struct AssignedStage: Sendable {
    let index: UInt32
    let manifest: ShardManifest
    let settings: StageLoader.Settings
    /// Weights, KV cache and scratch, bytes.
    let residentByteCount: UInt64
    /// host:port of the next stage's worker, and how messages name it; `nil` on the last stage.
    let next: (address: String, peer: String)?

    /// - Throws: ``WorkerError`` for what is out of bounds, unknown or too large here; ``ModelFileError`` for a
    ///   manifest that cannot be read.
    init(_ assignment: Assignment, to configuration: WorkerConfiguration) throws {
        index = assignment.stageIndex
        manifest = try ShardManifest(decoding: assignment.manifest)
        settings = try StageLoader.Settings(assignment, for: manifest.model, on: configuration)
        residentByteCount = Stage.memoryByteCount(
            model: manifest.model, layers: manifest.layers, slots: settings.slotCount,
            context: settings.contextLength, type: settings.cacheType,
            tokensPerStepMax: settings.stepTokensMax, kernels: settings.kernels,
            threadCount: settings.threadCount,
            tableEncoding: manifest.tableEncoding(of: .embedding) ?? .float16,
            headEncoding: manifest.tableEncoding(of: .head), headType: settings.headType)
        next = assignment.next.map { address in
            let name = assignment.nextNode ?? "next"
            return (address, "worker \(name) (stage \(assignment.stageIndex + 1), \(address))")
        }
        let limit = configuration.memoryByteCount
        guard residentByteCount <= limit else {
            throw WorkerError(
                "layers \(manifest.layers) need \(ByteCount.text(residentByteCount)) here, but "
                    + "\(configuration.name) may use \(ByteCount.text(limit)): \(residentByteCount - limit) "
                    + "bytes short. Give it fewer layers, or lower --ctx-size or --parallel")
        }
    }
}

extension StageLoader.Settings {
    fileprivate init(
        _ assignment: Assignment, for model: ModelDescription, on configuration: WorkerConfiguration
    ) throws(WorkerError) {
        let slots = Int(assignment.slotCount)
        let context = Int(assignment.contextLength)
        let tokens = Int(assignment.stepTokensMax)
        guard (1...Limits.slotsMax).contains(slots), (1...model.contextLength).contains(context),
            (1...Limits.stepTokensMax).contains(tokens)
        else {
            throw WorkerError(
                "assignment of \(slots) slots, context \(context), \(tokens) tokens a step is out of bounds "
                    + "(\(Limits.slotsMax), \(model.contextLength), \(Limits.stepTokensMax))")
        }
        guard let cacheType = CacheType(rawValue: assignment.cacheType) else {
            throw WorkerError(
                "KV cache type “\(assignment.cacheType)” is unknown here; use one of \(CacheType.names)")
        }
        guard let headType = HeadType(rawValue: assignment.head) else {
            throw WorkerError("the output head “\(assignment.head)” is unknown here; use fast or exact")
        }
        self.init(
            slotCount: slots, contextLength: context, cacheType: cacheType, stepTokensMax: tokens,
            threadCount: configuration.threadCount, kernels: configuration.kernels, headType: headType,
            pinsThreads: configuration.pinsThreads)
    }
}

extension ShardManifest {
    /// How embedding or head is written, or another way that takes as many bytes.
    ///
    /// Only the parts' sizes are known before they arrive. `nil` if there is no such part, or its size fits no
    /// encoding.
    fileprivate func tableEncoding(of kind: PartReference.Kind) -> TensorEncoding? {
        guard let part = parts.first(where: { $0.kind == kind }),
            let shape = TensorShape.all(of: kind, in: model).first
        else { return nil }
        return TensorEncoding.allCases.first { encoding in
            guard shape.form.encodings.contains(encoding) else { return false }
            let layout = PartLayout([(shape.role, encoding, shape.rows, shape.columns)])
            return layout.map { UInt64($0.byteCount) } == part.byteCount
        }
    }
}
