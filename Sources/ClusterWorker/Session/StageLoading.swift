// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterTransport
import Logging

/// Stages that are being laid out in memory, one after the other, each part as soon as it is known to be whole.
struct StageLoading: Sendable {
    /// Where the loader waits for parts.
    private let gate: PartGate
    private let task: Task<[Stage], any Error>

    /// Begins; the loader waits on a thread of its own kind.
    init(
        _ assigned: AssignedStages, from store: PartStore, on configuration: WorkerConfiguration,
        resident: [PartReference.Kind: ResidentPart], kept: [KeptStates?], log: Logger
    ) {
        let gate = PartGate()
        self.gate = gate
        task = Task {
            try await DiskThreads.run {
                // Stages of one worker take turns, so that they can share threads.
                let pool = try ComputePool(
                    threadCount: configuration.threadCount, pinsThreads: configuration.pinsThreads)
                return try zip(assigned.all, kept).map { stage, kept in
                    try Self.load(
                        stage, from: store, through: gate, configuration.kernels, pool, resident, kept, log)
                }
            }
        }
    }

    private static func load(
        _ assigned: AssignedStage, from store: PartStore, through gate: PartGate, _ kernels: Kernels,
        _ pool: ComputePool, _ resident: [PartReference.Kind: ResidentPart], _ kept: KeptStates?,
        _ log: Logger
    ) throws -> Stage {
        let manifest = assigned.manifest
        let parts = Dictionary(manifest.parts.map { ($0.kind, $0) }) { first, _ in first }
        var lastReport = ContinuousClock.now
        return try StageLoader.load(
            model: manifest.model, layers: manifest.layers, settings: assigned.settings, kernels: kernels,
            pool: pool, resident: resident, kept: kept,
            next: { kinds in
                let waiting = try kinds.map { kind in
                    guard let part = parts[kind] else {
                        throw WorkerError("the shard's manifest lacks the \(kind)")
                    }
                    return part
                }
                return try gate.wait(forAnyOf: waiting).kind
            },
            part: { kind, body in
                guard let part = parts[kind] else { return }
                // A large stage takes a while to read, verify and lay out.
                if lastReport.duration(to: .now) > .seconds(2) {
                    lastReport = .now
                    log.info("loading", metadata: ["part": "\(kind)", "layers": "\(manifest.layers)"])
                }
                try store.map(part.digest).withWholeBytes(body)
            })
    }

    /// The part is verified and on disk.
    func pass(_ file: PartFile) { gate.pass(file.digest) }

    /// The stages, once they are in memory.
    var stages: [Stage] {
        get async throws { try await task.value }
    }

    /// Gives up, and returns when nothing of it is left.
    func stop() async {
        gate.close()
        _ = await task.result
    }
}
