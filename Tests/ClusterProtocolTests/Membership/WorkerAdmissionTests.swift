// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterProtocol
import Testing

@Suite struct WorkerAdmissionTests {
    private let start = ContinuousClock.now

    private func held(by session: UInt64 = 7, _ holder: String = "alpha") -> WorkerAdmission {
        var admission = WorkerAdmission(worker: "b")
        #expect(admission.controlOpened(session: session, holder: holder, now: start) == .admitted)
        return admission
    }

    @Test func `a second coordinator is told who holds the worker, until everything is torn down`() {
        var admission = held()
        let before = admission
        #expect(
            admission.controlOpened(session: 8, holder: "beta", now: start + .seconds(90))
                == .busy(
                    "worker b is serving alpha (for 1m30s); stop that coordinator first, or start this one with "
                        + "--take-over, which ends that one's service"))
        #expect(admission == before)
        admission.released()
        #expect(admission.holder == "alpha")
        #expect(
            admission.controlOpened(session: 8, holder: "beta", now: start + .seconds(90))
                == .releasing("worker b is letting go of alpha; try again in a moment"))
        admission.freed()
        #expect(admission == WorkerAdmission(worker: "b"))
        #expect(admission.holder.isEmpty)
        #expect(admission.controlOpened(session: 8, holder: "beta", now: start + .seconds(90)) == .admitted)
        #expect(admission.holder == "beta")
    }

    @Test func `a second control connection of the same session is told that it takes one worker for two`() {
        var admission = held()
        #expect(
            admission.controlOpened(session: 7, holder: "alpha", now: start)
                == .joinedAlready(
                    "this is worker b, which alpha has joined already under another name; correct the addresses in "
                        + "workers.yaml"))
    }

    @Test func `other connections belong to the session or are refused`() {
        var admission = held()
        let unknown = WorkerAdmission.Answer.unknownSession(
            "worker b does not know this session; has it been restarted?")
        #expect(admission.dataOpened(session: 7) == .admitted)
        #expect(admission.dataOpened(session: 8) == unknown)
        #expect(WorkerAdmission(worker: "b").dataOpened(session: 7) == unknown)
        admission.released()
        #expect(admission.dataOpened(session: 7) == unknown)
        admission.freed()
        #expect(admission.dataOpened(session: 7) == unknown)
    }

    @Test func `a coordinator may come back under its old number`() {
        var admission = held()
        admission.released()
        admission.freed()
        #expect(admission.controlOpened(session: 7, holder: "alpha", now: start) == .admitted)
        #expect(admission == held())
    }

    @Test func `a coordinator that takes over has the holder told, and comes next`() {
        var admission = held()
        #expect(admission.takeOverWanted(by: 7, named: "alpha", now: start) == false)
        #expect(admission == held())
        #expect(admission.takeOverWanted(by: 8, named: "beta", now: start) == true)
        // The one that has lost it does not come back first.
        let late = WorkerAdmission.Answer.busy("worker b was taken over by beta just now")
        #expect(admission.controlOpened(session: 9, holder: "alpha", now: start) == late)
        admission.released()
        #expect(admission.controlOpened(session: 9, holder: "alpha", now: start) == late)
        admission.freed()
        #expect(admission.controlOpened(session: 9, holder: "alpha", now: start) == late)
        #expect(admission.controlOpened(session: 8, holder: "beta", now: start) == .admitted)
        #expect(admission.holder == "beta")
        admission.released()
        admission.freed()
        #expect(admission.controlOpened(session: 9, holder: "alpha", now: start) == .admitted)
    }

    @Test func `a worker waits for one that has taken over so long and no longer`() {
        var admission = held()
        #expect(admission.takeOverWanted(by: 8, named: "beta", now: start) == true)
        admission.released()
        admission.freed()
        let end = start + Limits.takeOverGrace
        #expect(admission.controlOpened(session: 9, holder: "gamma", now: end - .nanoseconds(1)) != .admitted)
        #expect(admission.controlOpened(session: 9, holder: "gamma", now: end) == .admitted)
    }

    @Test func `a worker that nobody holds is kept for nobody`() {
        var admission = WorkerAdmission(worker: "b")
        #expect(admission.takeOverWanted(by: 8, named: "beta", now: start) == false)
        #expect(admission == WorkerAdmission(worker: "b"))
        // Nor for a session that ends.
        admission = held()
        admission.released()
        let before = admission
        #expect(admission.takeOverWanted(by: 7, named: "alpha", now: start) == false)
        #expect(admission == before)
    }
}
