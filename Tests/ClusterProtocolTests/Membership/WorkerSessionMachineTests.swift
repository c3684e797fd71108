// SPDX-License-Identifier: MIT

import ClusterProtocol
import Testing

@Suite struct WorkerSessionMachineTests {
    func held() -> WorkerSessionMachine {
        var machine = WorkerSessionMachine(worker: "b")
        #expect(machine.controlOpened(session: 7, holder: "alpha") == .admitted)
        return machine
    }

    func serving() -> WorkerSessionMachine {
        var machine = held()
        #expect(machine.assigned() == .check)
        #expect(machine.checked(missingPartCount: 0) == .load)
        #expect(machine.loaded() == .reportReady)
        return machine
    }

    @Test func `a session runs from joining to idle`() {
        var machine = held()
        #expect(machine.phase == .held)
        #expect(machine.assigned() == .check)
        #expect(machine.phase == .checking)
        #expect(machine.checked(missingPartCount: 2) == nil)
        #expect(machine.phase == .receiving)
        #expect(machine.storeCompleted() == .load)
        #expect(machine.phase == .loading)
        #expect(machine.loaded() == .reportReady)
        #expect(machine.phase == .serving)
        #expect(machine.linkNeeded() == .connectNext)
        #expect(machine.controlEnded(session: 7) == .tearDown)
        #expect(machine.phase == .releasing)
        machine.tornDown()
        #expect(machine == WorkerSessionMachine(worker: "b"))
    }

    @Test func `a second coordinator is told who holds the worker, until everything is torn down`() {
        var machine = serving()
        let before = machine
        #expect(
            machine.controlOpened(session: 8, holder: "beta")
                == .busy("worker b is serving alpha; stop that coordinator first, or wait until it ends"))
        #expect(machine == before)
        #expect(machine.controlEnded(session: 7) == .tearDown)
        #expect(
            machine.controlOpened(session: 8, holder: "beta")
                == .busy("worker b is letting go of alpha; try again in a moment"))
        machine.tornDown()
        #expect(machine.controlOpened(session: 8, holder: "beta") == .admitted)
        #expect(machine.holder == "beta")
    }

    @Test func `other connections belong to the session or are refused`() {
        var machine = serving()
        let unknown = WorkerSessionMachine.Admission.unknownSession(
            "worker b does not know this session; has it been restarted?")
        #expect(machine.dataOpened(session: 7) == .admitted)
        #expect(machine.dataOpened(session: 8) == unknown)
        #expect(WorkerSessionMachine(worker: "b").dataOpened(session: 7) == unknown)
        _ = machine.controlEnded(session: 7)
        #expect(machine.dataOpened(session: 7) == unknown)
    }

    @Test func `a coordinator that asks out of turn gets a report, and the session goes on`() {
        var machine = held()
        #expect(machine.linkNeeded() == .report("worker b has no stage to connect yet"))
        #expect(machine.storeCompleted() == .report("worker b was sent a part that it did not lack"))
        #expect(machine.assigned() == .check)
        #expect(machine.assigned() == .report("worker b has a stage already"))
        #expect(machine.checked(missingPartCount: 1) == nil)
        #expect(machine.assigned() == .report("worker b has a stage already"))
        #expect(machine.phase == .receiving)
    }

    @Test func `parts come before the stage is known, and while some are missing`() {
        var machine = held()
        #expect(machine.partOffered(session: 7) == nil)
        #expect(machine.partOffered(session: 7) == nil)
        machine.partClosed(session: 7)
        #expect(
            machine.assigned()
                == .report("worker b was given its stage while parts were still on their way"))
        #expect(machine.phase == .held)
        machine.partClosed(session: 7)
        #expect(machine.assigned() == .check)
        let reason = "worker b was offered a part, but all of its stage's are there"
        #expect(machine.partOffered(session: 7) == reason)
        #expect(machine.checked(missingPartCount: 1) == nil)
        #expect(machine.partOffered(session: 7) == nil)
        machine.partClosed(session: 7)
        #expect(machine.storeCompleted() == .load)
        #expect(machine.partOffered(session: 7) == reason)
    }

    @Test func `parts of a session that is over are not let in, and their ends are dropped`() {
        var machine = held()
        #expect(machine.partOffered(session: 8) != nil)
        #expect(machine.partOffered(session: 7) == nil)
        #expect(machine.controlEnded(session: 7) == .tearDown)
        #expect(machine.partOffered(session: 7) == "the session is over")
        machine.tornDown()
        machine.partClosed(session: 7)
        // The same coordinator again, under its old number.
        #expect(machine.controlOpened(session: 7, holder: "alpha") == .admitted)
        machine.partClosed(session: 7)
        #expect(machine.assigned() == .check)
    }

    @Test func `what comes for a session that is over is dropped`() {
        var machine = serving()
        #expect(machine.controlEnded(session: 6) == nil)
        #expect(machine.controlEnded(session: 7) == .tearDown)
        #expect(machine.controlEnded(session: 7) == nil)
        #expect(machine.assigned() == nil)
        #expect(machine.checked(missingPartCount: 0) == nil)
        #expect(machine.storeCompleted() == nil)
        #expect(machine.loaded() == nil)
        #expect(machine.linkNeeded() == nil)
        #expect(machine.faulted("disk full") == nil)
    }

    @Test func `a fault is reported while somebody listens`() {
        #expect(serving().faulted("disk full") == .report("disk full"))
        #expect(WorkerSessionMachine(worker: "b").faulted("disk full") == nil)
    }

    @Test func `a session can end in any phase`() {
        var receiving = held()
        _ = receiving.assigned()
        let checking = receiving
        _ = receiving.checked(missingPartCount: 1)
        var loading = checking
        _ = loading.checked(missingPartCount: 0)
        for machine in [held(), checking, receiving, loading, serving()] {
            var machine = machine
            #expect(machine.controlEnded(session: 7) == .tearDown)
            machine.tornDown()
            #expect(machine.phase == .idle)
        }
    }

    @Test func `one thing is measured at a time, and nothing once there is a stage`() {
        var machine = WorkerSessionMachine(worker: "a")
        #expect(machine.measurementWanted() == nil)
        #expect(machine.controlOpened(session: 1, holder: "c") == .admitted)
        #expect(machine.measurementWanted() == .measure)
        #expect(machine.measurementWanted() == .report("worker a is being measured already"))
        machine.measured(session: 2)
        #expect(machine.measurementWanted() == .report("worker a is being measured already"))
        machine.measured(session: 1)
        #expect(machine.measurementWanted() == .measure)
        // The next coordinator does not find the last one's measurement going on.
        #expect(machine.controlEnded(session: 1) == .tearDown)
        machine.tornDown()
        #expect(machine.controlOpened(session: 2, holder: "c") == .admitted)
        #expect(machine.measurementWanted() == .measure)
        machine.measured(session: 2)
        #expect(machine.assigned() == .check)
        #expect(machine.measurementWanted() == .report("worker a measures nothing once it has a stage"))
    }
}
