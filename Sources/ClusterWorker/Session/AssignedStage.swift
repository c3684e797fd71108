// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterWire

/// A stage that a coordinator gives a worker, found to be one that fits it.
struct AssignedStage: Sendable {
    let index: UInt32
    let manifest: ShardManifest
    let settings: StageSettings
    /// Weights, KV cache and scratch, bytes.
    let residentByteCount: UInt64
    /// Under which name its sequences' states are kept, if they are.
    let states: ContentDigest?
    /// The next stage's worker, and how messages name it; `nil` on the last stage.
    let next: (neighbour: Neighbour, peer: String)?
    /// The next stage, if a link is to say that it is meant.
    let nextStage: Int?

    /// - Throws: ``WorkerError`` for what is out of bounds or unknown here; ``ModelFileError`` for a
    ///   manifest that cannot be read.
    init(_ assignment: Assignment, to configuration: WorkerConfiguration) throws {
        index = assignment.stageIndex
        manifest = try ShardManifest(decoding: assignment.manifest)
        settings = assignment.settings
        states = assignment.states
        let context = settings.cache.context
        guard context <= manifest.model.contextLength else {
            throw WorkerError(
                "assignment of context \(context) is out of bounds: the model's is \(manifest.model.contextLength)"
            )
        }
        let account = MemoryAccount(
            model: manifest.model, settings: settings,
            tables: TableEncodings(
                embedding: manifest.tableEncoding(of: .embedding) ?? .float16,
                head: manifest.tableEncoding(of: .head)),
            machine: configuration.kernels.machine(threadCount: configuration.threadCount))
        residentByteCount = account.memory(of: manifest.layers).total
        next = assignment.next.map { address in
            let name = assignment.nextNode
            return (
                Neighbour(name: name ?? "", address: address, id: assignment.nextID),
                "worker \(name ?? "next") (stage \(assignment.stageIndex + 1), \(address))"
            )
        }
        nextStage = assignment.namesNextStage && next != nil ? Int(clamping: assignment.stageIndex) + 1 : nil
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
        // One that is as large as the encoding of the layers' matrices is that.
        return ([model.matrixEncoding] + TensorEncoding.allCases).first { encoding in
            guard shape.form.encodings.contains(encoding) else { return false }
            let layout = PartLayout([(shape.role, encoding, shape.rows, shape.columns)])
            return layout.map { UInt64(clamping: $0.byteCount) } == part.byteCount
        }
    }
}
