// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterProtocol
import ClusterTransport
import ClusterWire
import Logging

/// One coordinator's use of this worker, from its assignment to its release.
///
/// Files are hashed and loaded on a thread pool; the actor itself never blocks, so heartbeats are answered
/// while gigabytes are checked.
actor WorkerSession {
    nonisolated let id: UInt64
    /// Who holds the worker, for others who ask.
    nonisolated let holder: String
    nonisolated let control: FrameConnection
    let configuration: WorkerConfiguration
    let store: PartStore
    let network: Network
    let log: Logger

    private var assignment: Assignment?
    private var manifest: ShardManifest?
    private var ledger = PartLedger()
    /// Where the loader waits for parts.
    private nonisolated let gate = PartGate()
    private var loading: Task<Stage, any Error>?
    private var runner: StageRunner?
    private var residentByteCount: UInt64 = 0
    /// Where the stage's frames go: the next worker, or the coordinator when this stage is the last.
    private nonisolated let downstream = Downstream()
    private var connections: [FrameConnection] = []
    private var isEnded = false

    init(
        id: UInt64, holder: String, control: FrameConnection, configuration: WorkerConfiguration,
        store: PartStore, network: Network, log: Logger
    ) {
        self.id = id
        self.holder = holder
        self.control = control
        self.configuration = configuration
        self.store = store
        self.network = network
        self.log = log
    }

    // MARK: Taking a shard

    /// Checks what is on disk.
    ///
    /// - Returns: what the coordinator is to be told, and how many parts are missing.
    func assign(_ assignment: Assignment) async throws -> (status: StoreStatus, missingPartCount: Int) {
        guard !isEnded else { throw CancellationError() }
        let manifest = try ShardManifest(decoding: assignment.manifest)
        self.assignment = assignment
        self.manifest = manifest
        try checkMemory(manifest, assignment)
        log.info(
            "assigned",
            metadata: ["layers": "\(manifest.layers)", "shard.id": "\(manifest.id.short)"])
        let store = store
        loading = startLoading(manifest, assignment.settings)
        let present = try await presence(of: manifest.files.map(\.file))
        let files = manifest.files
        let needed = zip(files, present).reduce(0) { $0 + ($1.0.byteCount - $1.1.presentByteCount) }
        try await DiskThreads.run {
            try store.checkRoom(for: needed, keeping: Set(files.map(\.digest)))
            try store.note(manifest)
        }
        return (StoreStatus(parts: present), ledger.missingPartCount)
    }

    /// What is on disk of the stage's files, in their order; those that are not known yet are hashed side by side,
    /// the largest first.
    private func presence(of files: [PartFile]) async throws -> [PartState] {
        let store = store
        let gate = gate
        let threadCount = min(configuration.threadCount, Limits.diskThreads / 2)
        let unknown = ledger.assign(files).sorted { $0.byteCount > $1.byteCount }
        for file in Set(files).subtracting(unknown) { gate.pass(file.digest) }
        let partial = try await withThrowingTaskGroup(of: (PartFile, UInt64?).self) { group in
            var partial: [PartFile: UInt64] = [:]
            for (index, file) in unknown.enumerated() {
                if index >= threadCount, let (file, byteCount) = try await group.next() {
                    partial[file] = byteCount
                }
                group.addTask {
                    let (byteCount, isComplete) = try await DiskThreads.run { store.presence(of: file) }
                    if isComplete { gate.pass(file.digest) }
                    return (file, isComplete ? nil : byteCount)
                }
            }
            for try await (file, byteCount) in group { partial[file] = byteCount }
            return partial
        }
        for file in unknown where partial[file] == nil { _ = ledger.found(file) }
        return files.map { file in
            PartState(
                digest: file.digest, presentByteCount: partial[file] ?? file.byteCount,
                isComplete: partial[file] == nil)
        }
    }

    /// Whether a part may come.
    ///
    /// - Returns: why not, or `nil`.
    func refusal(of file: PartFile) -> String? { ledger.offer(file) }

    /// Parts that must not be removed to make room for others.
    var usedParts: Set<ContentDigest> { ledger.used }

    /// A part is verified and on disk.
    ///
    /// - Returns: whether it was the last one that the stage lacked.
    func partArrived(_ file: PartFile) -> Bool {
        gate.pass(file.digest)
        return ledger.found(file)
    }

    /// Begins to lay parts out in memory, each as soon as it is known to be whole.
    private func startLoading(
        _ manifest: ShardManifest, _ settings: StageSettings
    ) -> Task<Stage, any Error> {
        let parts = Dictionary(manifest.parts.map { ($0.kind, $0) }) { first, _ in first }
        let store = store
        let gate = gate
        let log = log
        let configuration = configuration
        return Task {
            try await DiskThreads.run {
                var lastReport = ContinuousClock.now
                return try StageLoader.load(
                    model: manifest.model, layers: manifest.layers, settings: settings,
                    kernels: configuration.kernels,
                    pool: ComputePool(
                        threadCount: configuration.threadCount, pinsThreads: configuration.pinsThreads),
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
                            log.info(
                                "loading", metadata: ["part": "\(kind)", "layers": "\(manifest.layers)"])
                        }
                        try store.map(part.digest).withBytes(body)
                    })
            }
        }
    }

    /// Waits until the stage is in memory.
    ///
    /// - Returns: what the coordinator is to be told; `nil` if the session has ended meanwhile.
    func load() async throws -> Ready? {
        guard let assignment, let loading else { throw WorkerError("there is no assignment to load") }
        let start = ContinuousClock.now
        let stage: Stage
        do {
            stage = try await loading.value
        } catch {
            if isEnded { return nil }
            throw error
        }
        self.loading = nil
        guard !isEnded else { return nil }
        let downstream = downstream
        let control = control
        let index = assignment.stageIndex
        var stageLog = log
        stageLog[metadataKey: "stage"] = "\(index)"
        runner = StageRunner(stage: stage, log: stageLog) { [stageLog] output in
            switch output {
            case .frame(let frame, let sent): downstream.send(frame, sent: sent)
            case .failure(let error):
                stageLog.error("stage stopped", metadata: ["error": "\(error)"])
                control.send(.fault(.stage, stageIndex: index, "stage \(index) stopped: \(error)"))
            }
        }
        let loadTime = start.duration(to: .now)
        log.info("loaded", metadata: ["bytes": "\(residentByteCount)", "seconds": "\(loadTime)"])
        return Ready(
            loadMicros: UInt64(loadTime.micros), residentByteCount: residentByteCount,
            kernel: configuration.kernels.name, threadCount: UInt32(configuration.threadCount))
    }

    private func checkMemory(_ manifest: ShardManifest, _ assignment: Assignment) throws {
        let context = assignment.settings.cache.context
        guard context <= manifest.model.contextLength else {
            throw WorkerError(
                "assignment of context \(context) is out of bounds: the model's is \(manifest.model.contextLength)"
            )
        }
        let account = MemoryAccount(
            model: manifest.model, settings: assignment.settings,
            tables: TableEncodings(
                embedding: manifest.tableEncoding(of: .embedding) ?? .float16,
                head: manifest.tableEncoding(of: .head)),
            machine: configuration.kernels.machine(threadCount: configuration.threadCount))
        let needed = account.memory(of: manifest.layers).total
        residentByteCount = needed
        guard needed <= configuration.memoryByteCount else {
            throw WorkerError(
                "layers \(manifest.layers) need \(ByteCount.text(needed)) here, but \(configuration.name) may use "
                    + "\(ByteCount.text(configuration.memoryByteCount)): \(needed - configuration.memoryByteCount) "
                    + "bytes short. Give it fewer layers, or lower --ctx-size or --parallel")
        }
    }

    // MARK: Running

    /// Connects to the next stage's worker.
    func link() async throws {
        guard let assignment, let address = assignment.next else {
            throw WorkerError("the last stage has no next worker to connect to")
        }
        let name = assignment.nextNode ?? "next"
        let peer = "worker \(name) (stage \(assignment.stageIndex + 1), \(address))"
        let connection = try await network.connect(to: address, peer: peer)
        let hello = Hello(
            cluster: configuration.cluster ?? "", node: configuration.name, role: .link, session: id)
        _ = try await connection.shakeHands(hello, key: configuration.key)
        attach(downstream: connection, named: peer)
        control.send(Frame(type: .linked))
    }

    /// Closes `connection` when the session ends.
    func keep(_ connection: FrameConnection) {
        connections.append(connection)
    }

    /// Takes a connection that brings frames from the stage before, or from the coordinator.
    func attach(upstream connection: FrameConnection) throws {
        guard let runner else { throw WorkerError("the stage is not loaded yet") }
        keep(connection)
        connection.deliver(to: FrameSink(received: { runner.receive($0) }, closed: { _ in }))
    }

    /// Takes the connection on which the stage's frames leave.
    func attach(downstream connection: FrameConnection, named peer: String) {
        let control = control
        let index = assignment?.stageIndex ?? 0
        downstream.connect(to: connection)
        connection.deliver(
            to: FrameSink(
                received: { frame in
                    control.send(
                        .fault(.link, stageIndex: index, "\(peer) sent a \(frame.type) against the stream"))
                },
                closed: { error in
                    control.send(
                        .fault(.link, stageIndex: index, "the connection to \(peer) is gone: \(error)"))
                }))
    }

    /// Tells the coordinator that this worker cannot go on.
    func report(_ code: FaultCode, _ message: String) {
        control.send(.fault(code, stageIndex: assignment?.stageIndex ?? 0, message))
    }

    /// What a heartbeat is answered with.
    func heartbeatReply(to sequence: UInt64, state: WorkerStateCode) -> HeartbeatReply {
        HeartbeatReply(
            sequence: sequence, state: state, residentByteCount: residentByteCount,
            stepsCompleted: runner?.completedStepCount ?? 0)
    }

    /// Stops computing, frees the stage, closes this session's connections except the control connection.
    func end() async {
        guard !isEnded else { return }
        isEnded = true
        downstream.close()
        for connection in connections { connection.close() }
        connections = []
        gate.close()
        _ = await loading?.result
        loading = nil
        await runner?.stop()
        runner = nil
        log.info("session ended", metadata: ["holder": "\(holder)"])
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

extension Frame {
    /// A report that this worker cannot go on.
    static func fault(_ code: FaultCode, stageIndex: UInt32, _ message: String) -> Frame {
        Frame(Fault(code: code, stageIndex: stageIndex, message: message))
    }
}
