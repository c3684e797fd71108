// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import ClusterCoordinator
import Testing

@Suite struct ServingStateTests {
    private func state() -> ServingState {
        ServingState(workers: [
            .init(name: "a", address: "10.0.0.1:7101"), .init(name: "b", address: "10.0.0.2:7101"),
        ])
    }

    @Test func `workers come up one by one, and a loss throws them back`() {
        var state = state()
        #expect(state.joinedCount == 0)
        state.apply(.joined(worker: "b", isa: "avx2", threadCount: 4))
        #expect(state.joinedCount == 1)
        #expect(state.workers[1].state == .joined)
        #expect(state.workers[1].threadCount == 4)
        state.apply(.ready(worker: "b", kernel: "avx2", residentByteCount: 1, loadTime: .zero))
        #expect(state.workers[1].state == .serving)
        state.serve(at: 100)
        state.lose("worker b was lost", worker: "b", sequenceCount: 2, at: 200)
        #expect(state.workers.map(\.state) == [.waiting, .lost])
        #expect(state.phase == .recovering(reason: "worker b was lost"))
    }

    @Test
    func `workers that a name stands for take the place of those before, and keep what they have reached`() {
        var state = ServingState(workers: [])
        state.apply(.found([(name: "a", address: "1.1.1.1:1"), (name: "b", address: "2.2.2.2:1")]))
        state.apply(.joined(worker: "a", isa: "avx2", threadCount: 4))
        state.apply(.joined(worker: "b", isa: "avx2", threadCount: 4))
        #expect(state.joinedCount == 2)
        state.apply(.found([(name: "a", address: "1.1.1.1:1"), (name: "b", address: "3.3.3.3:1")]))
        #expect(state.workers.map(\.state) == [.joined, .waiting])
        #expect(state.workers.map(\.address) == ["1.1.1.1:1", "3.3.3.3:1"])
    }

    @Test func `who stands by is known as long as the pipeline lasts`() throws {
        var state = state()
        let layers = try #require(LayerRange(first: 2, end: 5))
        state.serve(at: 100)
        state.apply(.notStandingBy(worker: "s", reason: "no room"))
        state.apply(.standingBy(worker: "r", layers, residentByteCount: 7, sentByteCount: 9))
        #expect(
            state.spares == [
                SpareStatus(worker: "r", layers: [2, 4], memoryBytes: 7),
                SpareStatus(worker: "s", reason: "no room"),
            ])
        state.apply(.standingBy(worker: "s", layers, residentByteCount: 8, sentByteCount: 0))
        #expect(state.spares.map(\.reason) == [nil, nil])
        state.lose("worker b was lost", worker: "b", sequenceCount: 2, at: 200)
        #expect(state.spares.isEmpty)
    }

    @Test func `an event of a worker that is not in the file changes nothing`() {
        var state = state()
        let before = state
        state.apply(.joined(worker: "z", isa: "avx2", threadCount: 4))
        #expect(state == before)
    }

    @Test func `failures tell how long nothing was served, the latest first`() {
        var state = state()
        state.serve(at: 100)
        state.lose("first", worker: "a", sequenceCount: 3, at: 200)
        // Attempts that fail for the same reason are the same failure.
        state.lose("nobody answers", worker: nil, sequenceCount: 0, at: 201)
        state.lose("nobody answers", worker: nil, sequenceCount: 0, at: 202)
        #expect(state.failures.map(\.message) == ["nobody answers", "first"])
        state.serve(at: 205)
        #expect(state.failures[0].outageSeconds == 5)
        #expect(state.failures[1].lostSequenceCount == 3)
        #expect(state.startCount == 2)
        #expect(state.lossCount == 1)
    }

    @Test func `no more failures are kept than a status tells of`() {
        var state = state()
        for index in 0...Limits.statusFailuresMax {
            state.serve(at: Double(index))
            state.lose("failure \(index)", worker: nil, sequenceCount: 0, at: Double(index))
        }
        #expect(state.failures.count == Limits.statusFailuresMax)
        #expect(state.failures.first?.message == "failure \(Limits.statusFailuresMax)")
    }

    @Test func `healthy is only a service through which a token went lately`() {
        var state = state()
        #expect(!state.health(sinceLastToken: nil).isHealthy)
        #expect(state.health(sinceLastToken: nil).state == .starting)
        state.serve(at: 1)
        #expect(!state.health(sinceLastToken: nil).isHealthy)
        #expect(state.health(sinceLastToken: Limits.healthWindow).isHealthy)
        let late = state.health(sinceLastToken: Limits.healthWindow + .nanoseconds(1))
        #expect(!late.isHealthy)
        #expect(late.state == .serving)
        #expect(late.reason?.contains("no token has crossed every stage for 10 s") == true)
        state.lose("gone", worker: nil, sequenceCount: 0, at: 2)
        #expect(!state.health(sinceLastToken: .zero).isHealthy)
        #expect(state.health(sinceLastToken: .zero).state == .recovering)
        #expect(state.giveUp() == "gone")
        #expect(state.giveUp() == nil)
        state.lose("gone still", worker: nil, sequenceCount: 0, at: 3)
        #expect(!state.health(sinceLastToken: .zero).isHealthy)
        #expect(state.health(sinceLastToken: .zero).state == .down)
    }

    @Test func `a step under way is no silence, and neither is a pipeline that has just come up`() {
        var state = state()
        state.serve(at: 1)
        let long = Limits.healthWindow * 3
        // A long chunk, for which the pipeline itself is patient.
        #expect(state.health(sinceLastToken: long, sinceStart: long, stepTime: long).isHealthy)
        #expect(state.health(sinceLastToken: nil, sinceStart: long, stepTime: Limits.stepTimeout).isHealthy)
        let stuck = Limits.stepTimeout + .nanoseconds(1)
        #expect(!state.health(sinceLastToken: nil, sinceStart: stuck, stepTime: stuck).isHealthy)
        #expect(state.health(sinceLastToken: nil, sinceStart: .zero).isHealthy)
        #expect(!state.health(sinceLastToken: nil, sinceStart: long).isHealthy)
        #expect(!state.health(sinceLastToken: long, sinceStart: long).isHealthy)
        state.lose("gone", worker: nil, sequenceCount: 0, at: 2)
        #expect(!state.health(sinceLastToken: .zero, sinceStart: .zero, stepTime: .zero).isHealthy)
    }

    @Test func `only the first of many vain attempts is news`() {
        var state = state()
        state.serve(at: 1)
        let news = ["gone", "nobody answers", "nobody answers", "busy"].map {
            state.lose($0, worker: nil, sequenceCount: 0, at: 2)
        }
        #expect(news == [true, true, false, true])
    }

    @Test func `draining is a state of its own, and told once`() {
        var state = state()
        state.serve(at: 1)
        let changes = [state.drain(true), state.drain(true)]
        #expect(changes == [true, false])
        #expect(state.health(sinceLastToken: .zero).state == .draining)
        #expect(state.health(sinceLastToken: .zero).isHealthy)
        _ = state.drain(false)
        #expect(state.health(sinceLastToken: .zero).state == .serving)
    }
}
