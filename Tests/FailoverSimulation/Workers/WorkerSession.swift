// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol

/// One coordinator's use of a worker, as the worker's own `WorkerSession` and `ControlLoop` carry it out.
///
/// ``WorkerSessionMachine`` and ``PartLedger`` decide. A request out of turn is a fault here, as nobody breaks the
/// protocol.
final class WorkerSession {
    let worker: Worker
    let id: UInt64
    /// Who holds the worker.
    let node: String
    private let control: End
    private(set) var machine: WorkerSessionMachine
    private var ledger = PartLedger()
    /// Parts that were whole when they were looked at; what turns over later is seen by nobody.
    private var whole: Set<ContentDigest> = []
    private(set) var assignment: Message.Assignment?
    /// Of its stages.
    private(set) var runners: [StageRunner] = []
    private var connections: [End] = []
    private var dials: [Dial] = []
    private var lastHeard: Int64

    init(of worker: Worker, _ hello: Message.Hello, control: End) {
        self.worker = worker
        id = hello.session
        node = hello.node
        self.control = control
        machine = WorkerSessionMachine(worker: worker.name)
        lastHeard = worker.timeline.micros
    }

    var journal: Journal { worker.world.journal }

    func begin() {
        control.closed = { [self] in end(isReleased: false) }
        control.received = { [self] in
            lastHeard = worker.timeline.micros
            take($0)
        }
        listen()
    }

    /// A coordinator that is silent for too long is lost.
    private func listen() {
        let rest = Limits.lossTimeout.micros - (worker.timeline.micros - lastHeard)
        guard rest > 0 else { return end(isReleased: false) }
        worker.after(.microseconds(rest)) { [self] in if !machine.isEnded { listen() } }
    }

    private func take(_ message: Message) {
        switch message {
        case .heartbeat(let sequence):
            control.send(
                .heartbeatReply(
                    .init(
                        sequence: sequence,
                        stages: runners.map { runner in
                            .init(
                                index: runner.index, stepCount: runner.stepCount,
                                receivedByteCount: runner.upstream?.receivedByteCount ?? 0,
                                sentByteCount: runner.downstream?.sentByteCount ?? 0)
                        })))
        case .assignment(let assignment): carryOut(machine.assigned()) { assign(assignment) }
        case .link(let stage): carryOut(machine.linkNeeded()) { link(stage) }
        case .release: end(isReleased: true)
        default: journal.fail("worker \(worker.name) is sent \(message) on its control connection")
        }
    }

    private func carryOut(_ verdict: WorkerSessionMachine.Verdict, _ body: () -> Void) {
        switch verdict {
        case .drop: return
        case .report(let message): journal.fail(message)
        case .proceed: body()
        }
    }

    /// Tells the coordinator that this worker cannot go on.
    func report(isLink: Bool = false, _ message: String) {
        guard !machine.isEnded else { return }
        journal.note("worker \(worker.name) cannot go on: \(message)")
        control.send(.fault(isLink: isLink, message))
    }

    // MARK: The stage

    private func assign(_ assignment: Message.Assignment) {
        self.assignment = assignment
        guard assignment.memoryByteCount <= worker.memoryByteCount else {
            return report(
                "layers \(assignment.stages.map(\.layers).text) need \(assignment.memoryByteCount) bytes, there are \(worker.memoryByteCount)"
            )
        }
        let unknown = ledger.assign(assignment.parts.map(\.file))
        worker.after(.milliseconds(2 + unknown.count)) { [self] in
            guard !machine.isEnded else { return }
            for file in unknown where worker.disk.isWhole(file) {
                whole.insert(file.digest)
                _ = ledger.found(file)
            }
            let missing = assignment.parts.filter { !whole.contains($0.digest) }
            guard missing.isEmpty || !worker.disk.isFull else { return report("the disk is full") }
            let check = machine.checked(missingPartCount: ledger.missingPartCount)
            guard check != .drop else { return }
            control.send(
                .storeStatus(Set(assignment.parts.map(\.digest)).subtracting(missing.map(\.digest))))
            if check == .load { load() }
        }
    }

    /// The last part that was missing is there.
    func storeCompleted() { carryOut(machine.storeCompleted()) { load() } }

    private func load() {
        guard let assignment else { return }
        if let part = assignment.parts.first(where: { !whole.contains($0.digest) }) {
            return journal.fail("worker \(worker.name) loads the \(part.kind), which it does not have")
        }
        let unread = assignment.parts.count { !worker.resident.contains($0.digest) }
        worker.after(.milliseconds(1 + 15 * unread)) { [self] in
            guard machine.loaded() else { return }
            worker.resident = Set(assignment.parts.map(\.digest))
            runners = assignment.stages.map {
                StageRunner(of: self, $0, slotCount: assignment.slotCount)
            }
            control.send(.ready)
        }
    }

    private func link(_ index: Int) {
        guard let runner = runners.first(where: { $0.index == index }),
            let next = assignment?.stages.first(where: { $0.index == index })?.next
        else {
            return journal.fail("worker \(worker.name), the last stage, is to connect to the next one")
        }
        let hello = Message.Hello(
            role: .link, session: id, node: worker.name, version: worker.version, stage: index + 1)
        let dial = Dial(worker, to: next.host, hello, processID: next.processID) { [self] result in
            guard case .connected(let end, _) = result else {
                return report(isLink: true, "the next stage's worker cannot be reached")
            }
            attach(downstream: end, of: runner)
            control.send(.linked)
        }
        dials.append(dial)
    }

    private func attach(downstream end: End, of runner: StageRunner) {
        runner.downstream = end
        end.closed = { [self] in
            report(isLink: true, "the connection to the next stage is gone")
        }
        end.received = { [self] in
            journal.fail("worker \(worker.name) is sent \($0) against the stream")
        }
    }

    // MARK: Data connections

    func serve(_ end: End, as role: Message.Role, ofStage stage: Int?) {
        connections.append(end)
        switch role {
        case .weights: PartReception(end, of: self).begin()
        case .steps, .link:
            let index = role == .steps ? 0 : stage
            guard !runners.isEmpty else { return end.close() }
            guard let runner = runners.first(where: { $0.index == index }) else {
                return journal.fail(
                    "worker \(worker.name) is asked for stage \(index ?? -1), which it has not")
            }
            runner.upstream = end
            end.received = { [self] message in
                guard case .item(let item, let hop, let session) = message else {
                    return journal.fail("stage \(runner.layers) is sent \(message)")
                }
                runner.receive(item, hop, session)
            }
        case .outcomes:
            guard let runner = runners.last else { return end.close() }
            attach(downstream: end, of: runner)
        case .control: end.close()
        }
    }

    func offer(_ file: PartFile) -> Bool {
        var isTaken = false
        carryOut(machine.partOffered()) {
            if let reason = ledger.offer(file) {
                machine.partClosed()
                journal.fail("worker \(worker.name): \(reason)")
            }
            isTaken = true
        }
        return isTaken
    }

    /// - Returns: whether that was the last part that the stage lacked.
    func settle(_ file: PartFile, isThere: Bool) -> Bool {
        machine.partClosed()
        if isThere { whole.insert(file.digest) }
        return isThere && ledger.found(file)
    }

    func abandonParts(_ count: Int) {
        for _ in 0..<count { machine.partClosed() }
    }

    // MARK: Its end

    private func end(isReleased: Bool) {
        guard machine.end() else { return }
        worker.release()
        for dial in dials { dial.cancel() }
        for runner in runners { runner.downstream?.close() }
        for end in connections { end.close() }
        connections = []
        let control = control
        let free = { [worker] in
            worker.free()
            if isReleased { control.send(.released) }
            control.close()
        }
        stop(runners[...], then: free)
    }

    private func stop(_ rest: ArraySlice<StageRunner>, then free: @escaping () -> Void) {
        guard let runner = rest.first else { return worker.after(.milliseconds(1), free) }
        runner.stop { [self] in stop(rest.dropFirst(), then: free) }
    }

    /// The process is gone.
    func forget() {
        for dial in dials { dial.cancel() }
        dials = []
        runners = []
        connections = []
    }
}
