// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol

/// A worker daemon, as `WorkerService` is one: lets one coordinator at a time in.
///
/// ``WorkerAdmission`` decides.
final class Worker: Program {
    let name: String
    /// By which others tell this process from its successors.
    let id: UInt64
    let version: Int
    let memoryByteCount: UInt64
    let disk: Disk
    let world: World
    private var admission: WorkerAdmission
    private(set) var session: WorkerSession?
    /// Until when the stage's thread hangs.
    var stuckUntil: Int64 = 0
    /// Weights that outlive a session.
    var resident: Set<ContentDigest> = []

    init(
        _ name: String, on host: Int, version: Int, memoryByteCount: UInt64, disk: Disk, id: UInt64,
        world: World
    ) {
        self.name = name
        self.id = id
        self.version = version
        self.memoryByteCount = memoryByteCount
        self.disk = disk
        self.world = world
        admission = WorkerAdmission(worker: name)
        super.init(on: host, of: world.network)
    }

    override func accept(_ end: End) {
        var isGreeted = false
        after(Limits.handshakeTimeout) { if !isGreeted { end.close() } }
        end.received = { [self] message in
            isGreeted = true
            end.received = nil
            guard case .hello(let hello) = message else { return end.close() }
            greet(hello, on: end)
        }
    }

    private func greet(_ hello: Message.Hello, on end: End) {
        guard hello.version == version else { return refuse(.version, end) }
        let answer =
            hello.role == .control
            ? admission.controlOpened(session: hello.session, holder: hello.node, now: timeline.now)
            : admission.dataOpened(session: hello.session)
        switch answer {
        case .admitted: admit(hello, on: end)
        case .busy: refuse(.busy, end)
        case .releasing: refuse(.releasing, end)
        case .unknownSession: refuse(.session, end)
        case .joinedAlready: refuse(.node, end)
        }
    }

    private func refuse(_ refusal: Message.Refusal, _ end: End) {
        end.send(.refusal(refusal))
        end.close()
    }

    private func admit(_ hello: Message.Hello, on end: End) {
        if hello.role == .control {
            if let session {
                world.journal.fail("\(hello.node) holds worker \(name) while \(session.node) does")
            }
            session = WorkerSession(of: self, hello, control: end)
        } else if session?.id != hello.session {
            world.journal.fail(
                "worker \(name) lets in a connection for \(hello.role) of session \(hello.session), which does not hold it"
            )
        }
        end.send(.welcome(.init(processID: id, memoryByteCount: memoryByteCount)))
        if hello.role == .control {
            session?.begin()
        } else {
            session?.serve(end, as: hello.role, ofStage: hello.stage)
        }
    }

    func release() { admission.released() }

    /// Nothing of the session is left.
    func free() {
        admission.freed()
        session = nil
    }

    override func die(isSilent: Bool) {
        super.die(isSilent: isSilent)
        session?.forget()
        session = nil
    }
}
