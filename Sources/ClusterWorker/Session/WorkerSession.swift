// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterProtocol
import ClusterTransport
import ClusterWire
import Logging

/// One coordinator's use of this worker, from its join to its end.
///
/// ``WorkerSessionMachine`` decides what is due; this actor carries it out, and tells the coordinator what is not due
/// or went wrong. Files are hashed and loaded on a thread pool; the actor itself never blocks, so heartbeats are
/// answered while gigabytes are checked.
actor WorkerSession {
    nonisolated let control: FrameConnection
    let configuration: WorkerConfiguration
    let store: PartStore
    /// Weights that outlive a session.
    let residentParts: ResidentParts
    /// Opens connections to other workers.
    let dialer: PeerDialer
    let log: Logger
    /// For threads that hash on this session's behalf.
    nonisolated let ending = SessionEnding()

    private var machine: WorkerSessionMachine
    var ledger = PartLedger()
    var stages = SessionStages.none
    /// Of each stage, in their order.
    var stageConnections: [StageConnections] = []
    private var assignments = AssignmentCollection()
    /// For reports; known before it is known whether the stage fits.
    private(set) var stageIndex: UInt32 = 0
    /// Data connections that are served; none outlives the session.
    private var connections: [FrameConnection] = []
    private var whenAllHaveLeft: CheckedContinuation<Void, Never>?

    init(
        control: FrameConnection, configuration: WorkerConfiguration, store: PartStore,
        residentParts: ResidentParts,
        dialer: PeerDialer, log: Logger
    ) {
        self.control = control
        self.configuration = configuration
        self.store = store
        self.residentParts = residentParts
        self.dialer = dialer
        self.log = log
        machine = WorkerSessionMachine(worker: configuration.name)
    }

    var isEnded: Bool { machine.isEnded }

    // MARK: What the coordinator asks for

    /// Measures, if it is time for that, and says what `body` returns.
    func measure(_ body: @Sendable () async throws -> Frame) async {
        await carryOut(machine.measurementWanted(), orReport: .protocolViolation) {
            let answer = try await body()
            if machine.measured() { control.send(answer) }
        }
    }

    /// Once all assignments are there: looks through the disk for the stages' parts, says what is there, and loads the
    /// stages if that is all.
    func assign(_ assignment: Assignment) async {
        let collected: [Assignment]
        do {
            guard let all = try assignments.add(assignment) else { return }
            collected = all
        } catch {
            return report(.protocolViolation, error.words)
        }
        await carryOut(machine.assigned(), orReport: .model) {
            stageIndex = collected[0].stageIndex
            let parts = try await take(AssignedStages(collected, to: configuration))
            let check = machine.checked(missingPartCount: ledger.missingPartCount)
            guard check != .drop else { return }
            // Only now: the answer is an offer of what is missing.
            control.send(try Frame(StoreStatus(parts: parts)))
            if check == .load { try await load() }
        }
    }

    /// Lets a part come, until ``settle(_:isThere:)``.
    ///
    /// - Returns: the parts that must not be removed to make room for it.
    /// - Throws: ``WorkerError`` if it must not come.
    func offer(_ file: PartFile) throws(WorkerError) -> Set<ContentDigest> {
        switch machine.partOffered() {
        case .drop: throw WorkerError("the session is over")
        case .report(let reason): throw WorkerError(reason)
        case .proceed: break
        }
        if let reason = ledger.offer(file) {
            machine.partClosed()
            throw WorkerError(reason)
        }
        return ledger.used
    }

    /// A part that was offered is verified and on disk, or its transfer has ended otherwise.
    ///
    /// - Returns: whether it was the last one that the stage lacked; then ``storeCompleted()`` is due.
    func settle(_ file: PartFile, isThere: Bool) -> Bool {
        machine.partClosed()
        guard isThere else { return false }
        if case .loading(_, let loading) = stages { loading.pass(file) }
        return ledger.found(file)
    }

    /// Transfers of so many parts have broken off.
    func abandonParts(_ count: Int) {
        for _ in 0..<count { machine.partClosed() }
    }

    /// Loads the stage, of which all parts are on disk.
    func storeCompleted() async {
        await carryOut(machine.storeCompleted(), orReport: .model) { try await load() }
    }

    private func load() async throws {
        guard case .loading(let assigned, let loading) = stages else { return }
        let start = ContinuousClock.now
        let loaded = try await loading.stages
        guard machine.loaded() else { return }
        residentParts.settle()
        stages = .running(assigned, runners(of: loaded))
        let time = start.duration(to: .now)
        log.info("loaded", metadata: ["bytes": "\(assigned.residentByteCount)", "seconds": "\(time)"])
        control.send(
            Frame(
                Ready(
                    loadMicros: time.wholeMicroseconds, residentByteCount: assigned.residentByteCount,
                    kernel: configuration.kernels.name,
                    threadCount: UInt32(clamping: configuration.threadCount))))
    }

    /// Connects one of the stages to the next one's worker.
    func link(stage index: UInt64) async {
        await carryOut(machine.linkNeeded(), orReport: .link) {
            let place = try place(ofStage: Int(clamping: index))
            guard let stage = stages.assigned?.all[place], let next = stage.next else {
                throw WorkerError("the last stage has no next worker to connect to")
            }
            let connection = try await dialer.connect(
                .link, to: next.neighbour, as: next.peer, stage: stage.nextStage)
            guard !isEnded else { return connection.close() }
            try attach(downstream: connection, named: next.peer, at: place)
            control.send(Frame(type: .linked))
        }
    }

    // MARK: What it is told

    /// Does what the coordinator asks for, if it is due.
    private func carryOut(
        _ verdict: WorkerSessionMachine.Verdict, orReport code: FaultCode, _ body: () async throws -> Void
    ) async {
        switch verdict {
        case .drop: return
        case .report(let message): report(code, message)
        case .proceed:
            do { try await body() } catch { report(code, error.words) }
        }
    }

    /// Tells the coordinator that this worker cannot go on.
    func report(_ code: FaultCode, _ message: String) {
        // What breaks because everything is torn down is no fault.
        guard !isEnded else { return }
        log.error("cannot go on", metadata: ["error": "\(message)"])
        control.send(.fault(code, stageIndex: stageIndex, message))
    }

    /// Tells the coordinator that another one has this worker from now on, and hears it no more.
    func takenOver(by heir: String) async {
        let message = "\(heir) has taken over worker \(configuration.name)"
        try? await control.sendFlushed(
            .fault(.takenOver, stageIndex: stageIndex, message), within: Limits.releaseTimeout)
        control.close()
    }

    /// What others are told of this worker's occupation.
    var stateCode: WorkerStateCode {
        switch machine.phase {
        case .held, .ended: .idle
        case .checking, .receiving: .receiving
        case .loading: .loading
        case .serving: .serving
        }
    }

    /// What a heartbeat is answered with.
    func heartbeatReply(to sequence: UInt64) -> HeartbeatReply {
        let runners = stages.runners
        let figures = stageConnections.enumerated().map { place, connections in
            connections.figures(
                stepsCompleted: runners.indices.contains(place) ? runners[place].completedStepCount : 0)
        }
        var reply = HeartbeatReply(
            sequence: sequence, state: stateCode, residentByteCount: stages.assigned?.residentByteCount ?? 0,
            stepsCompleted: figures.reduce(0) { $0 &+ $1.stepsCompleted })
        reply.receivedByteCount = figures.reduce(0) { $0 &+ $1.receivedByteCount }
        reply.sentByteCount = figures.reduce(0) { $0 &+ $1.sentByteCount }
        if figures.count > 1 { reply.stages = figures }
        return reply
    }

    // MARK: Its end

    /// Lets a data connection in, until ``leave(_:)``.
    ///
    /// - Returns: `false` if the session is over; the connection is closed then.
    func enter(_ connection: FrameConnection) -> Bool {
        guard !isEnded else {
            connection.close()
            return false
        }
        connections.append(connection)
        return true
    }

    func leave(_ connection: FrameConnection) {
        connections.removeAll { $0 === connection }
        guard connections.isEmpty else { return }
        whenAllHaveLeft?.resume()
        whenAllHaveLeft = nil
    }

    /// Stops computing, frees the stages, closes this session's connections except the control connection.
    func end() async {
        guard machine.end() else { return }
        ending.begin()
        for stage in stageConnections { stage.downstream.close() }
        for connection in connections { connection.close() }
        await stages.stop()
        if case .running(let assigned, let runners) = stages {
            residentParts.keep(zip(runners, assigned.all).map { ($0.weights, $1.manifest) })
            if let name = assigned.states {
                residentParts.keep(runners.compactMap { $0.leave() }, named: name)
            }
        } else {
            residentParts.release()
        }
        stages = .none
        if !connections.isEmpty { await withCheckedContinuation { whenAllHaveLeft = $0 } }
    }
}
