// SPDX-License-Identifier: MIT

import ClusterProtocol
import Testing

@Suite struct WorkerSessionMachineTests {
    private static let held = WorkerSessionMachine(worker: "b")

    private static let checking = {
        var machine = held
        _ = machine.assigned()
        return machine
    }()

    private static let receiving = {
        var machine = checking
        _ = machine.checked(missingPartCount: 1)
        return machine
    }()

    private static let loading = {
        var machine = checking
        _ = machine.checked(missingPartCount: 0)
        return machine
    }()

    private static let serving = {
        var machine = loading
        _ = machine.loaded()
        return machine
    }()

    private static let ended = {
        var machine = serving
        _ = machine.end()
        return machine
    }()

    @Test func `a session runs from its join to its end`() {
        var machine = Self.held
        #expect(machine.phase == .held(openPartCount: 0, isMeasuring: false))
        #expect(machine.assigned() == .proceed)
        #expect(machine.phase == .checking)
        #expect(machine.checked(missingPartCount: 2) == .await)
        #expect(machine.phase == .receiving)
        #expect(machine.storeCompleted() == .proceed)
        #expect(machine.phase == .loading)
        #expect(machine.loaded() == true)
        #expect(machine.phase == .serving)
        #expect(machine.linkNeeded() == .proceed)
        #expect(machine.end() == true)
        #expect(machine.phase == .ended)
    }

    @Test func `a stage of which all is there is loaded without waiting for parts`() {
        var machine = Self.checking
        #expect(machine.checked(missingPartCount: 0) == .load)
        #expect(machine.phase == .loading)
        #expect(machine.loaded() == true)
    }

    @Test func `a coordinator that asks out of turn gets a report, and the session goes on`() {
        var machine = Self.held
        #expect(machine.linkNeeded() == .report("worker b has no stage to connect yet"))
        #expect(machine.storeCompleted() == .report("worker b was sent a part that it did not lack"))
        #expect(machine.assigned() == .proceed)
        #expect(machine.assigned() == .report("worker b has a stage already"))
        #expect(machine.checked(missingPartCount: 1) == .await)
        #expect(machine.assigned() == .report("worker b has a stage already"))
        #expect(machine.phase == .receiving)
    }

    @Test(arguments: [checking, receiving, loading, serving])
    func `nothing but its first stage is taken or measured`(_ machine: WorkerSessionMachine) {
        var machine = machine
        let before = machine
        #expect(machine.assigned() == .report("worker b has a stage already"))
        #expect(machine.measurementWanted() == .report("worker b measures nothing once it has a stage"))
        #expect(machine == before)
    }

    @Test(arguments: [held, checking, receiving, loading])
    func `there is nothing to connect before the stage is loaded`(_ machine: WorkerSessionMachine) {
        #expect(machine.linkNeeded() == .report("worker b has no stage to connect yet"))
    }

    @Test func `parts come before the stage is known, and while some are missing`() {
        var machine = Self.held
        #expect(machine.partOffered() == .proceed)
        #expect(machine.partOffered() == .proceed)
        #expect(machine.phase == .held(openPartCount: 2, isMeasuring: false))
        machine.partClosed()
        #expect(
            machine.assigned()
                == .report("worker b was given its stage while parts were still on their way"))
        #expect(machine.phase == .held(openPartCount: 1, isMeasuring: false))
        machine.partClosed()
        #expect(machine.assigned() == .proceed)
        let reason = "worker b was offered a part, but all of its stage's are there"
        #expect(machine.partOffered() == .report(reason))
        #expect(machine.checked(missingPartCount: 1) == .await)
        #expect(machine.partOffered() == .proceed)
        machine.partClosed()
        #expect(machine.storeCompleted() == .proceed)
        #expect(machine.partOffered() == .report(reason))
    }

    @Test func `a part that comes during a measurement is counted like any other`() {
        var machine = Self.held
        #expect(machine.measurementWanted() == .proceed)
        #expect(machine.partOffered() == .proceed)
        #expect(machine.phase == .held(openPartCount: 1, isMeasuring: true))
        #expect(machine.measured() == true)
        #expect(machine.phase == .held(openPartCount: 1, isMeasuring: false))
        machine.partClosed()
        #expect(machine == Self.held)
    }

    @Test func `what comes for a session that is over is dropped`() {
        var machine = Self.ended
        #expect(machine.end() == false)
        #expect(machine.partOffered() == .drop)
        machine.partClosed()
        #expect(machine.measurementWanted() == .drop)
        #expect(machine.measured() == false)
        #expect(machine.assigned() == .drop)
        #expect(machine.checked(missingPartCount: 0) == .drop)
        #expect(machine.storeCompleted() == .drop)
        #expect(machine.loaded() == false)
        #expect(machine.linkNeeded() == .drop)
        #expect(machine == Self.ended)
    }

    @Test(arguments: [held, checking, receiving, loading, serving])
    func `a session can end in any phase`(_ machine: WorkerSessionMachine) {
        var machine = machine
        #expect(machine.end() == true)
        #expect(machine.isEnded)
    }

    @Test func `one thing is measured at a time, and may still be when the stage is given`() {
        var machine = Self.held
        #expect(machine.measurementWanted() == .proceed)
        #expect(machine.measurementWanted() == .report("worker b is being measured already"))
        #expect(machine.measured() == true)
        #expect(machine.measurementWanted() == .proceed)
        #expect(machine.assigned() == .proceed)
        #expect(machine.measured() == true)
        #expect(machine.phase == .checking)
    }
}
