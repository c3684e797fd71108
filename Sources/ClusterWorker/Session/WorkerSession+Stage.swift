// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterProtocol
import ClusterTransport
import ClusterWire
import Dispatch
import Logging

extension WorkerSession {
    /// Begins to load the stages, part by part, as the parts are found on disk or arrive.
    ///
    /// - Returns: what is on disk of the stages' files, in their order.
    /// - Throws: ``StoreError`` if the rest does not fit the disk.
    func take(_ assigned: AssignedStages) async throws -> [PartState] {
        for manifest in assigned.all.map(\.manifest) {
            log.info(
                "assigned", metadata: ["layers": "\(manifest.layers)", "shard.id": "\(manifest.id.short)"])
        }
        stageConnections = assigned.all.map(StageConnections.init)
        let parts = assigned.parts
        let resident = residentParts.claim(parts, of: assigned.model)
        if !resident.isEmpty {
            log.info("kept in memory", metadata: ["parts": "\(resident.count) of \(parts.count)"])
        }
        let kept = residentParts.claimStates(
            named: assigned.states, by: assigned.all.map(\.manifest.layers), of: assigned.model,
            assigned.settings, room: assigned.freeByteCount)
        for kept in kept.compactMap(\.self) {
            log.info(
                "sequences known",
                metadata: ["tokens": "\(kept.tokenCount)", "layers": "\(kept.layerCount)"])
        }
        let loading = StageLoading(
            assigned, from: store, on: configuration, resident: resident, kept: kept, log: log)
        stages = .loading(assigned, loading)
        // Their bytes were hashed before they were loaded.
        for part in parts
        where resident[part.kind] != nil && store.byteCount(of: part.digest) == part.byteCount {
            _ = ledger.found(part.file)
        }
        let files = assigned.files
        let states = try await search(for: files.map(\.file), loading)
        let needed = zip(files, states).reduce(0) { $0 + ($1.0.byteCount - $1.1.presentByteCount) }
        let store = store
        try await DiskThreads.run {
            try store.checkRoom(for: needed, keeping: Set(files.map(\.digest)))
            // For people who look into the store; a full disk that has all parts is good enough for a stage.
            for stage in assigned.all { try? store.note(stage.manifest) }
        }
        return states
    }

    /// Those that are not known yet are hashed.
    private func search(for files: [PartFile], _ loading: StageLoading) async throws -> [PartState] {
        let unknown = ledger.assign(files)
        for file in Set(files).subtracting(unknown) { loading.pass(file) }
        let ending = ending
        let search = PartSearch(
            store: store, threadCount: min(configuration.threadCount, Limits.diskThreads / 2),
            isWanted: { !ending.hasBegun })
        let partial = try await search.run(unknown) { loading.pass($0) }
        for file in unknown where partial[file] == nil { _ = ledger.found(file) }
        return files.map { file in
            PartState(
                digest: file.digest, presentByteCount: partial[file] ?? file.byteCount,
                isComplete: partial[file] == nil)
        }
    }

    /// What computes with the stages from now on, and hands their frames on.
    func runners(of loaded: [Stage]) -> [StageRunner] {
        let queue = DispatchQueue(label: "stages", qos: .userInitiated)
        return zip(loaded, stageConnections).map { runner(of: $0, on: queue, $1) }
    }

    private func runner(
        of stage: Stage, on queue: DispatchQueue, _ connections: StageConnections
    ) -> StageRunner {
        let downstream = connections.downstream
        let control = control
        let index = connections.stageIndex
        var log = log
        log[metadataKey: "stage"] = "\(index)"
        return StageRunner(stage: stage, queue: queue, log: log) { [log] output in
            switch output {
            case .frame(let frame, let sent):
                if downstream.send(frame, sent: sent) { return }
                control.send(.fault(.link, stageIndex: index, "nobody takes what stage \(index) hands on"))
            case .failure(let error):
                log.error("stage stopped", metadata: ["error": "\(error.words)"])
                control.send(.fault(.stage, stageIndex: index, "stage \(index) stopped: \(error.words)"))
            }
        }
    }
}
