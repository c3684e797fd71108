// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterProtocol
import ClusterTransport
import ClusterWire
import Logging

extension WorkerSession {
    /// Begins to load the stage, part by part, as the parts are found on disk or arrive.
    ///
    /// - Returns: what is on disk of the stage's files, in their order.
    /// - Throws: ``StoreError`` if the rest does not fit the disk.
    func take(_ assigned: AssignedStage) async throws -> [PartState] {
        let manifest = assigned.manifest
        log.info(
            "assigned", metadata: ["layers": "\(manifest.layers)", "shard.id": "\(manifest.id.short)"])
        let resident = residentParts.claim(manifest)
        if !resident.isEmpty {
            log.info("kept in memory", metadata: ["parts": "\(resident.count) of \(manifest.parts.count)"])
        }
        let kept = residentParts.claimStates(
            named: assigned.states, of: manifest, assigned.settings, room: assigned.freeByteCount)
        if let kept {
            log.info(
                "sequences known",
                metadata: ["tokens": "\(kept.tokenCount)", "layers": "\(kept.layerCount)"])
        }
        let loading = StageLoading(
            assigned, from: store, on: configuration, resident: resident, kept: kept, log: log)
        stage = .loading(assigned, loading)
        // Their bytes were hashed before they were loaded.
        for part in manifest.parts
        where resident[part.kind] != nil && store.byteCount(of: part.digest) == part.byteCount {
            _ = ledger.found(part.file)
        }
        let parts = try await search(for: manifest.files.map(\.file), loading)
        let needed = zip(manifest.files, parts).reduce(0) { $0 + ($1.0.byteCount - $1.1.presentByteCount) }
        let store = store
        try await DiskThreads.run {
            try store.checkRoom(for: needed, keeping: Set(manifest.files.map(\.digest)))
            // For people who look into the store; a full disk that has all parts is good enough for a stage.
            try? store.note(manifest)
        }
        return parts
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

    /// What computes with a stage from now on, and hands its frames on.
    func runner(of stage: Stage, as assigned: AssignedStage) -> StageRunner {
        let downstream = downstream
        let control = control
        let index = assigned.index
        var log = log
        log[metadataKey: "stage"] = "\(index)"
        return StageRunner(stage: stage, log: log) { [log] output in
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
