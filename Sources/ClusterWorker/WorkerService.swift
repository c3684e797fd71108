// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterProtocol
package import ClusterTransport
import ClusterWire
package import Logging

/// A worker daemon: listens, lets one coordinator at a time in, and runs the stage it is given.
///
/// ``WorkerSessionMachine`` decides; this actor carries out what it says with the session at hand.
package actor WorkerService {
    private let configuration: WorkerConfiguration
    private let store: PartStore
    private let network: Network
    private let log: Logger
    nonisolated let watch: MachineWatch
    private let examiner: WorkerExaminer
    private var machine: WorkerSessionMachine
    private var session: WorkerSession?
    private var cluster: String?

    /// - Throws: ``FileError`` if the data directory cannot be used.
    package init(configuration: WorkerConfiguration, network: Network, log: Logger) throws {
        self.configuration = configuration
        self.network = network
        self.log = log
        store = try PartStore(
            directory: configuration.dataDirectory, quota: configuration.storeQuotaByteCount)
        watch = MachineWatch(storeDirectory: configuration.dataDirectory)
        examiner = WorkerExaminer(configuration: configuration, watch: watch)
        cluster = configuration.cluster
        machine = WorkerSessionMachine(worker: configuration.name)
    }

    /// Starts listening.
    ///
    /// - Throws: ``TransportError`` if the address cannot be listened on.
    package func start() async throws -> Listener {
        try await network.listen(on: configuration.listen) { [weak self] connection in
            await self?.serve(connection)
        }
    }

    // MARK: Connections

    private func serve(_ connection: FrameConnection) async {
        do {
            let peer = try await connection.acceptHandshake(
                identity: HandshakeIdentity(node: configuration.name, cluster: cluster, build: Build.name),
                capabilities: capabilities, key: configuration.key,
                admit: { self.admission(of: $0, on: connection) })
            try await serve(connection, as: peer)
        } catch {
            log.warning(
                "connection refused or broken", metadata: ["peer": "\(connection.peer)", "error": "\(error)"])
        }
        if let session, session.control === connection { await end(session) }
        connection.close()
    }

    private func serve(_ connection: FrameConnection, as peer: HandshakeSession) async throws {
        if peer.role == .examine {
            return try await ExamineLoop(
                connection: connection, peer: peer, examiner: examiner, service: self,
                configuration: configuration, network: network
            ).run()
        }
        guard let session, session.id == peer.session else { return }
        switch peer.role {
        case .control:
            log.info("joined", metadata: ["holder": "\(peer.peerNode)", "cluster": "\(peer.cluster)"])
            await ControlLoop(connection: connection, session: session, service: self, log: log).run()
        case .weights:
            await session.keep(connection)
            await reportingFaults(.storage, of: session) {
                try await PartReception(
                    connection: connection, session: session, store: store, service: self
                ).run()
            }
        case .steps, .link:
            try await session.attach(upstream: connection)
            try await connection.closed()
        case .probe:
            await session.keep(connection)
            try await LinkProbe.answer(connection)
        case .outcomes:
            await session.attach(downstream: connection, named: "the coordinator")
            try await connection.closed()
        case .examine:
            break
        }
    }

    /// Whether a peer that has proved itself may come in now.
    private func admission(of hello: Hello, on connection: FrameConnection) -> HandshakeServer.Admission {
        // An operator may look at any time, and changes nothing: neither holder nor cluster.
        if hello.role == .examine { return .admitted }
        guard hello.role == .control else {
            return Self.answer(machine.dataOpened(session: hello.session))
        }
        let holder = "\(hello.node) at \(connection.peer)"
        let admission = machine.controlOpened(session: hello.session, holder: holder)
        if admission == .admitted {
            cluster = cluster ?? hello.cluster
            session = WorkerSession(
                id: hello.session, holder: holder, control: connection,
                configuration: configuration.belonging(to: cluster), store: store, network: network, log: log)
        }
        return Self.answer(admission)
    }

    private static func answer(_ admission: WorkerSessionMachine.Admission) -> HandshakeServer.Admission {
        switch admission {
        case .admitted: .admitted
        case .busy(let message): .refused(.busy, message: message)
        case .unknownSession(let message): .refused(.session, message: message)
        }
    }

    // MARK: A session's events

    var stateCode: WorkerStateCode {
        switch machine.phase {
        case .idle, .held, .releasing: .idle
        case .checking, .receiving: .receiving
        case .loading: .loading
        case .serving: .serving
        }
    }

    /// What the worker does, and for whom; nobody is an empty text.
    var occupation: (state: WorkerStateCode, holder: String) { (stateCode, machine.holder) }

    /// Measures, if it is time for that, and tells the coordinator what `body` returns.
    func measure(for session: WorkerSession, _ body: @Sendable () async -> Frame) async {
        await reportingFaults(.protocolViolation, of: session) {
            guard self.session === session else { return }
            switch machine.measurementWanted() {
            case .measure:
                let answer = await body()
                machine.measured(session: session.id)
                session.control.send(answer)
            case .report(let message):
                throw WorkerError(message)
            default:
                break
            }
        }
    }

    func assign(_ assignment: Assignment, to session: WorkerSession) async {
        await reportingFaults(.model, of: session) {
            guard self.session === session else { return }
            try await perform(machine.assigned(), on: session, assignment)
        }
    }

    /// Whether the coordinator of `session` may send a part now; ends with ``partClosed(_:)``.
    ///
    /// - Returns: why not, or `nil`.
    func partOffered(_ file: PartFile, to session: WorkerSession) async -> String? {
        if let reason = machine.partOffered(session: session.id) { return reason }
        guard let reason = await session.refusal(of: file) else { return nil }
        machine.partClosed(session: session.id)
        return reason
    }

    /// A part that was offered is in the store, or its transfer has ended otherwise.
    func partClosed(_ session: WorkerSession) {
        machine.partClosed(session: session.id)
    }

    /// The last part that the stage lacked is on disk.
    func storeCompleted(_ session: WorkerSession) async {
        guard self.session === session else { return }
        await reportingFaults(.model, of: session) {
            try await perform(machine.storeCompleted(), on: session)
        }
    }

    func link(_ session: WorkerSession) async {
        await reportingFaults(.link, of: session) {
            try await perform(machine.linkNeeded(), on: session)
        }
    }

    /// Frees what the session holds; the worker is idle afterwards.
    func end(_ session: WorkerSession) async {
        guard machine.controlEnded(session: session.id) == .tearDown else { return }
        await session.end()
        machine.tornDown()
        if self.session === session { self.session = nil }
    }

    private func perform(
        _ directive: WorkerSessionMachine.Directive?, on session: WorkerSession,
        _ assignment: Assignment? = nil
    ) async throws {
        switch directive {
        case .check:
            guard let assignment else { return }
            let (status, missingPartCount) = try await session.assign(assignment)
            // The session may be over, and the next one there, by the time that the disk was looked through.
            guard self.session === session else { return }
            let next = machine.checked(missingPartCount: missingPartCount)
            // Only now: the answer is an offer of what is missing.
            session.control.send(Frame(status))
            try await perform(next, on: session)
        case .load:
            guard let ready = try await session.load(), self.session === session,
                machine.loaded() == .reportReady
            else { return }
            session.control.send(Frame(ready))
        case .connectNext:
            try await session.link()
        case .report(let message):
            throw WorkerError(message)
        case .measure, .reportReady, .tearDown, nil:
            break
        }
    }

    private func reportingFaults(
        _ code: FaultCode, of session: WorkerSession, _ body: () async throws -> Void
    ) async {
        do {
            try await body()
        } catch {
            log.error("cannot go on", metadata: ["error": "\(error)"])
            await session.report(code, "\(error)")
        }
    }

    private var capabilities: Capabilities {
        Capabilities(
            isa: configuration.kernels.name, coreCount: UInt32(ComputePool.defaultThreadCount),
            threadCount: UInt32(configuration.threadCount), memoryByteCount: configuration.memoryByteCount,
            storeByteCount: store.freeByteCount)
    }
}

extension WorkerConfiguration {
    func belonging(to cluster: String?) -> WorkerConfiguration {
        var copy = self
        copy.cluster = cluster
        return copy
    }
}
