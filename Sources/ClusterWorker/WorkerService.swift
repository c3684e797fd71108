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
/// ``WorkerAdmission`` decides who comes in; what comes then is the ``WorkerSession``'s.
package actor WorkerService {
    private let configuration: WorkerConfiguration
    private let store: PartStore
    private let residentParts: ResidentParts
    private let network: Network
    private let log: Logger
    /// By which others tell this process from its successors and from other workers.
    private let id = HandshakeIdentity.randomID()
    private let watch: MachineWatch
    private let examiner: WorkerExaminer
    private var admission: WorkerAdmission
    /// The holder's.
    private var session: WorkerSession?
    private var cluster: String?

    /// - Throws: ``FileError`` if the data directory cannot be used.
    package init(configuration: WorkerConfiguration, network: Network, log: Logger) throws {
        self.configuration = configuration
        self.network = network
        self.log = log
        store = try PartStore(
            directory: configuration.dataDirectory, quota: configuration.storeQuotaByteCount)
        residentParts = ResidentParts(linger: configuration.linger)
        watch = MachineWatch(storeDirectory: configuration.dataDirectory)
        examiner = WorkerExaminer(configuration: configuration, watch: watch)
        cluster = configuration.cluster
        admission = WorkerAdmission(worker: configuration.name)
    }

    /// Starts listening.
    ///
    /// - Throws: ``TransportError`` if the address cannot be listened on.
    package func start() async throws -> Listener {
        try await network.listen(on: configuration.listen, with: configuration.credentials) {
            [weak self] connection in
            await self?.serve(connection)
        }
    }

    private func serve(_ connection: FrameConnection) async {
        var session: WorkerSession?
        do {
            let peer = try await connection.acceptHandshake(
                identity: HandshakeIdentity(
                    node: configuration.name, isNamed: configuration.isNamed, id: id, cluster: cluster,
                    build: Build.name),
                capabilities: capabilities, credentials: configuration.credentials,
                admit: { hello in
                    let answer = self.admission(of: hello, on: connection)
                    if answer == .admitted, !hello.role.isForAnybody { session = self.session }
                    return HandshakeServer.Admission(answer)
                })
            switch (peer.role, session) {
            case (.examine, _):
                let dialer = dialer(node: "worker \(configuration.name)", peer.cluster, session: peer.session)
                try await ExamineLoop(
                    connection: connection, examiner: examiner, service: self, dialer: dialer
                ).run()
            case (.takeOver, _):
                await giveUp(to: "\(peer.peerNode) at \(connection.peer)", session: peer.session)
            case (.control, let session?):
                log.info("joined", metadata: ["holder": "\(peer.peerNode)", "cluster": "\(peer.cluster)"])
                await hold(session)
            case (let role, let session):
                try await session?.serve(connection, as: role, ofStage: peer.stage)
            }
        } catch {
            // Whoever looks from time to time whether somebody listens is nothing to worry about.
            let isMute = (error as? TransportError)?.code == .unspoken
            log.log(
                level: isMute ? .debug : .warning, "connection refused or broken",
                metadata: ["peer": "\(connection.peer)", "error": "\(error.words)"])
            // It was let in, but did not come.
            if let session, session.control === connection {
                await end(session)
                free()
            }
        }
        connection.close()
    }

    /// Whether a peer that has proved itself may come in now.
    private func admission(of hello: Hello, on connection: FrameConnection) -> WorkerAdmission.Answer {
        // An operator may look at any time, and a coordinator take over; neither makes it join a cluster.
        if hello.role.isForAnybody { return .admitted }
        guard hello.role == .control else { return admission.dataOpened(session: hello.session) }
        let holder = "\(hello.node) at \(connection.peer)"
        let answer = admission.controlOpened(session: hello.session, holder: holder, now: .now)
        if answer == .admitted {
            cluster = cluster ?? hello.cluster
            session = WorkerSession(
                control: connection, configuration: configuration, store: store, residentParts: residentParts,
                dialer: dialer(node: configuration.name, hello.cluster, session: hello.session), log: log)
        }
        return answer
    }

    /// Serves a coordinator until it lets this worker go or is lost; then the next one may come.
    private func hold(_ session: WorkerSession) async {
        let isReleased = await withDiscardingTaskGroup { work in
            let loop = ControlLoop(session: session, watch: watch, holder: admission.holder, log: log)
            let isReleased = await loop.run(in: &work)
            await end(session)
            work.cancelAll()
            return isReleased
        }
        // Nobody works on its behalf any more, on the disk or the processors.
        free()
        if isReleased { session.control.send(Frame(Released())) }
    }

    /// Has whoever holds this worker let go of it.
    private func giveUp(to heir: String, session: UInt64) async {
        guard admission.takeOverWanted(by: session, named: heir, now: .now), let held = self.session else {
            return
        }
        log.warning("taken over", metadata: ["holder": "\(admission.holder)", "by": "\(heir)"])
        await held.takenOver(by: heir)
    }

    private func end(_ session: WorkerSession) async {
        admission.released()
        await session.end()
    }

    private func free() {
        log.info("session ended", metadata: ["holder": "\(admission.holder)"])
        admission.freed()
        session = nil
    }

    /// What the worker does, and for whom; nobody is an empty text.
    var occupation: (state: WorkerStateCode, holder: String) {
        get async { (await session?.stateCode ?? .idle, admission.holder) }
    }

    private func dialer(node: String, _ cluster: String, session: UInt64) -> PeerDialer {
        PeerDialer(
            network: network, cluster: cluster, node: node, session: session, ownID: id,
            credentials: configuration.credentials)
    }

    private var capabilities: Capabilities {
        Capabilities(
            isa: configuration.kernels.name, coreCount: UInt32(clamping: ComputePool.defaultThreadCount),
            threadCount: UInt32(clamping: configuration.threadCount),
            memoryByteCount: configuration.memoryByteCount,
            storeByteCount: store.freeByteCount)
    }
}

extension ConnectionRole {
    /// Whether such connections are taken whoever holds the worker.
    fileprivate var isForAnybody: Bool { self == .examine || self == .takeOver }
}

extension HandshakeServer.Admission {
    fileprivate init(_ answer: WorkerAdmission.Answer) {
        switch answer {
        case .admitted: self = .admitted
        case .busy(let message): self = .refused(.busy, message: message)
        case .releasing(let message): self = .refused(.releasing, message: message)
        case .unknownSession(let message): self = .refused(.session, message: message)
        case .joinedAlready(let message): self = .refused(.node, message: message)
        }
    }
}
