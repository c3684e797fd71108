// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterTestSupport
import ClusterTransport
import ClusterWire
import Testing

extension WorkersInProcess {
    /// What a coordinator may ask of a worker, and when.
    @Suite(.timeLimit(.minutes(2))) struct SessionRequest {
        @Test func `what is asked out of turn is told, and the session goes on`() async throws {
            try await WorkerUnderTest.run { worker in
                let shard = try SampleShard()
                let coordinator = try await worker.join()
                coordinator.tell(.link)
                let early = try await coordinator.hear(Fault.self)
                #expect(early.code == .link && early.message == "worker w has no stage to connect yet")
                coordinator.tell(shard.assignment())
                _ = try await coordinator.hear(StoreStatus.self)
                coordinator.tell(shard.assignment())
                let second = try await coordinator.hear(Fault.self)
                #expect(second.code == .model && second.message == "worker w has a stage already")
                let steps = try await coordinator.open(.steps)
                try await steps.closed()
                #expect(try await coordinator.pulse().state == .receiving)
                try await coordinator.release()
            }
        }

        @Test func `what a stage hands on goes one way only`() async throws {
            try await WorkerUnderTest.run { worker in
                let coordinator = try await worker.join()
                try await coordinator.bringUp(SampleShard())
                let first = try await coordinator.open(.outcomes)
                // The first has its place once something has come on it.
                let steps = try await coordinator.open(.steps)
                steps.send(try Frame(Opening(slot: 0, sampling: .init(), promptTokenCount: 1)))
                let entry = StepEntry(slot: 0, position: 0, token: 7, output: .sample)
                steps.send(try StepFrame.encode(Step(id: 1, entries: [entry])))
                #expect(try await first.next(within: .seconds(600)).type == .outcome)
                try await coordinator.open(.outcomes).closed()
                steps.send(
                    try StepFrame.encode(
                        Step(id: 2, entries: [StepEntry(slot: 0, position: 1, token: 7, output: .sample)])))
                #expect(try await first.next(within: .seconds(600)).type == .outcome)
                try await coordinator.release(skippingAnswers: true)
                first.close()
            }
        }

        @Test func `nothing is measured while a stage is looked for`() async throws {
            try await WorkerUnderTest.run { worker in
                let shard = try SampleShard()
                let held = try HeldFile(at: worker.path(of: shard.parts[0].reference.file))
                let coordinator = try await worker.join()
                coordinator.tell(shard.assignment())
                while try await coordinator.pulse().state == .idle {}
                coordinator.tell(ProbeLinks(neighbours: []))
                let fault = try await coordinator.hear(Fault.self)
                #expect(fault.code == .protocolViolation)
                #expect(fault.message == "worker w measures nothing once it has a stage")
                // Heartbeats are answered while the disk takes its time.
                #expect(try await coordinator.pulse().state == .receiving)
                await held.letGo()
                #expect(try await coordinator.hear(StoreStatus.self).parts.count == shard.parts.count)
                try await coordinator.release()
            }
        }

        @Test func `one thing is measured at a time, and a session that ends ends it`() async throws {
            let (hellos, hello) = AsyncStream<Void>.makeStream()
            try await withListener { peer in
                _ = try? await peer.next(within: .seconds(600))
                hello.finish()
                // Says nothing, until the worker gives up.
                try? await peer.closed()
            } _: { _, silent in
                try await WorkerUnderTest.run { worker in
                    let coordinator = try await worker.join()
                    coordinator.tell(ProbeLinks(neighbours: []))
                    #expect(try await coordinator.hear(LinksProbed.self).links.isEmpty)
                    coordinator.tell(ProbeLinks(neighbours: [Neighbour(name: "x", address: silent)]))
                    for await _ in hellos {}
                    coordinator.tell(ProbeLinks(neighbours: []))
                    let fault = try await coordinator.hear(Fault.self)
                    #expect(fault.message == "worker w is being measured already")
                    try await coordinator.release()
                }
            }
        }

        @Test func `a stage that does not fit is told with its number`() async throws {
            try await WorkerUnderTest.run(memoryByteCount: 1000) { worker in
                let coordinator = try await worker.join()
                var assignment = try SampleShard().assignment()
                assignment.stageIndex = 3
                assignment.stageCount = 4
                coordinator.tell(assignment)
                let fault = try await coordinator.hear(Fault.self)
                #expect(fault.code == .model && fault.stageIndex == 3)
                #expect(
                    fault.message.contains("bytes short. Give it fewer layers"))
                try await coordinator.release()
            }
            try await WorkerUnderTest.run { worker in
                let coordinator = try await worker.join()
                var assignment = try SampleShard().assignment()
                assignment.settings.cache.context = Limits.contextMax
                coordinator.tell(assignment)
                let fault = try await coordinator.hear(Fault.self)
                #expect(
                    fault.message.hasPrefix(
                        "assignment of context 1048576 is out of bounds")
                )
                try await coordinator.release()
            }
        }

        @Test func `a stage that serves hands its outcomes on`() async throws {
            try await WorkerUnderTest.run { worker in
                let coordinator = try await worker.join()
                try await coordinator.bringUp(SampleShard())
                let outcomes = try await coordinator.open(.outcomes)
                let steps = try await coordinator.open(.steps)
                steps.send(try Frame(.open(Opening(slot: 0, sampling: .init(), promptTokenCount: 1))))
                let entry = StepEntry(slot: 0, position: 0, token: 7, output: .sample)
                steps.send(try Frame(.step(Step(id: 5, entries: [entry]))))
                let outcome = try OutcomeFrame.decode(try await outcomes.next(within: .seconds(600)))
                #expect(outcome.id == 5 && outcome.results.count == 1 && outcome.traces.count == 1)
                #expect(try await coordinator.pulse().stepsCompleted == 1)
                outcomes.close()
                let fault = try await coordinator.hear(Fault.self)
                #expect(fault.code == .link)
                #expect(fault.message.hasPrefix("the connection to the coordinator is gone"))
                try await coordinator.release()
                try await steps.closed()
            }
        }

        @Test func `what a stage computes before anybody takes it waits, up to a bound`() async throws {
            try await WorkerUnderTest.run { worker in
                let shard = try SampleShard()
                let coordinator = try await worker.join()
                try await coordinator.bringUp(shard)
                let early = UInt64(Limits.stageQueueStepsMax)
                try await compute(0..<early, coordinator)
                let outcomes = try await coordinator.open(.outcomes)
                for id in 0..<early {
                    let outcome = try OutcomeFrame.decode(try await outcomes.next(within: .seconds(600)))
                    #expect(outcome.id == id)
                }
                try await coordinator.release(skippingAnswers: true)

                let careless = try await worker.join()
                careless.tell(shard.assignment())
                _ = try await careless.hear(StoreStatus.self)
                _ = try await careless.hear(Ready.self)
                try await compute(0..<early + 1, careless)
                let fault = try await careless.hear(Fault.self)
                #expect(fault.code == .link && fault.message == "nobody takes what stage 0 hands on")
                try await careless.release(skippingAnswers: true)
            }
        }

        /// Has a stage compute steps one after the other.
        private func compute(_ ids: Range<UInt64>, _ coordinator: PlayedCoordinator) async throws {
            let steps = try await coordinator.open(.steps)
            steps.send(try Frame(.open(Opening(slot: 0, sampling: .init(), promptTokenCount: 1))))
            for id in ids {
                let entry = StepEntry(slot: 0, position: 0, token: 7, output: .sample)
                steps.send(try Frame(.step(Step(id: id, entries: [entry]))))
                while try await coordinator.pulse().stepsCompleted <= id {}
            }
        }

        // MARK: The next stage's worker

        @Test func `a connection to a neighbour that does not shake hands is closed`() async throws {
            let (ends, end) = AsyncStream<Void>.makeStream()
            try await withListener { peer in
                _ = try? await peer.next(within: .seconds(600))
                peer.send(Frame(type: .probed))
                try? await peer.closed()
                end.finish()
            } _: { _, address in
                try await WorkerUnderTest.run { worker in
                    let coordinator = try await worker.join()
                    try await coordinator.bringUp(SampleShard(isWhole: false), next: address)
                    coordinator.tell(.link)
                    #expect(try await coordinator.hear(Fault.self).code == .link)
                    // Now, and not only when the session ends, too.
                    for await _ in ends {}
                    #expect(try await coordinator.pulse().state == .serving)
                    try await coordinator.release()
                }
            }
        }

        @Test func `a neighbour that says nothing does not outlive the session`() async throws {
            let (hellos, hello) = AsyncStream<Void>.makeStream()
            try await withListener { peer in
                _ = try? await peer.next(within: .seconds(600))
                hello.finish()
                try? await peer.closed()
            } _: { _, address in
                try await WorkerUnderTest.run { worker in
                    let coordinator = try await worker.join()
                    try await coordinator.bringUp(SampleShard(isWhole: false), next: address)
                    coordinator.tell(.link)
                    for await _ in hellos {}
                    try await coordinator.release()
                }
            }
        }
    }
}
