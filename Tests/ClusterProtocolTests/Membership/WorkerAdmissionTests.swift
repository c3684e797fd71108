// SPDX-License-Identifier: MIT

import ClusterProtocol
import Testing

@Suite struct WorkerAdmissionTests {
    private func held(by session: UInt64 = 7, _ holder: String = "alpha") -> WorkerAdmission {
        var admission = WorkerAdmission(worker: "b")
        #expect(admission.controlOpened(session: session, holder: holder) == .admitted)
        return admission
    }

    @Test func `a second coordinator is told who holds the worker, until everything is torn down`() {
        var admission = held()
        let before = admission
        #expect(
            admission.controlOpened(session: 8, holder: "beta")
                == .busy("worker b is serving alpha; stop that coordinator first, or wait until it ends"))
        #expect(admission == before)
        admission.released()
        #expect(admission.holder == "alpha")
        #expect(
            admission.controlOpened(session: 8, holder: "beta")
                == .releasing("worker b is letting go of alpha; try again in a moment"))
        admission.freed()
        #expect(admission == WorkerAdmission(worker: "b"))
        #expect(admission.holder.isEmpty)
        #expect(admission.controlOpened(session: 8, holder: "beta") == .admitted)
        #expect(admission.holder == "beta")
    }

    @Test func `a second control connection of the same session is told that it takes one worker for two`() {
        var admission = held()
        #expect(
            admission.controlOpened(session: 7, holder: "alpha")
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
        #expect(admission.controlOpened(session: 7, holder: "alpha") == .admitted)
        #expect(admission == held())
    }
}
