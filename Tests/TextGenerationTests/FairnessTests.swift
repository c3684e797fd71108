// SPDX-License-Identifier: MIT

import BitNetCore
import Testing
import TextGeneration

/// Nobody's work keeps others from theirs, and whoever is alone has everything.
@Suite struct FairnessTests {
    private static let many = RequestOwner.client(key: nil, connection: 1)
    private static let few = RequestOwner.client(key: nil, connection: 2)

    private static func requests(
        _ ids: Range<UInt64>, of owner: RequestOwner, promptCount: Int = 3, tokens: Int
    ) -> [SequenceRequest] {
        ids.map { id in
            let prompt = (0..<promptCount).map { UInt32(($0 * 7 + Int(id)) % 50) }
            return .numbered(id, prompt: prompt, tokens: tokens, owner: owner)
        }
    }

    /// Steps that come back until sequence `id` is over.
    private static func steps(_ run: inout ScheduleRun, until id: UInt64) -> Int {
        var count = 0
        while run.transcripts[id]?.reason == nil, run.step() { count += 1 }
        return count
    }

    @Test(arguments: [(1, 2), (1, 16), (4, 16)], [nil, 7])
    func `beside 128 sequences of a thousand tokens a single token comes at once`(
        _ figures: (stages: Int, slots: Int), key: Int?
    ) {
        var run = ScheduleRun(stages: figures.stages, slots: figures.slots, context: 2000)
        run.submit(Self.requests(0..<128, of: .client(key: key, connection: 1), tokens: 1000))
        for _ in 0..<200 { _ = run.step() }
        for id in 200..<210 as Range<UInt64> {
            run.submit(Self.requests(id..<id + 1, of: .client(key: key, connection: id), tokens: 1))
            #expect(Self.steps(&run, until: id) <= 3 * figures.stages + 3)
            for _ in 0..<40 { _ = run.step() }
        }
        #expect(run.refusals == [:])
        #expect(run.pipeline.complaints == [])
    }

    @Test func `who has fewer gets of who has more until both have the same`() {
        var run = ScheduleRun(stages: 2, slots: 8, context: 2000)
        run.submit(Self.requests(0..<20, of: Self.many, tokens: 1000))
        for _ in 0..<100 { _ = run.step() }
        run.submit(Self.requests(50..<60, of: Self.few, tokens: 1000))
        for _ in 0..<300 { _ = run.step() }
        #expect(run.pipeline.opened.count { $0 >= 50 } == 4)
        #expect(run.pipeline.opened.count { $0 < 50 } == 8)
    }

    @Test func `a key has one share, however many connections send it`() {
        var run = ScheduleRun(stages: 1, slots: 8, context: 2000)
        for id in 0..<32 as Range<UInt64> {
            run.submit(Self.requests(id..<id + 1, of: .client(key: 0, connection: id), tokens: 1000))
        }
        for _ in 0..<100 { _ = run.step() }
        run.submit(Self.requests(50..<60, of: .client(key: 1, connection: 99), tokens: 1000))
        for _ in 0..<300 { _ = run.step() }
        #expect(run.pipeline.opened.count { $0 >= 50 } == 4)
        // Also where there is only one slot to take turns for.
        run = ScheduleRun(stages: 1, slots: 1, context: 100)
        for id in 0..<4 as Range<UInt64> {
            run.submit(Self.requests(id..<id + 1, of: .client(key: 0, connection: id), tokens: 5))
        }
        run.submit(Self.requests(10..<13, of: .client(key: 1, connection: 99), tokens: 5))
        run.drain()
        #expect(run.pipeline.opened == [0, 1, 10, 2, 11, 3, 12])
    }

    @Test func `who gives way goes on where it stood, and one that is alone never does`() {
        var run = ScheduleRun(stages: 2, slots: 4, context: 400)
        let requests = Self.requests(0..<9, of: Self.many, tokens: 60)
        run.submit(requests)
        for _ in 0..<40 { _ = run.step() }
        #expect(run.pipeline.opened == [0, 1, 2, 3])
        let single = Self.requests(50..<51, of: Self.few, tokens: 30)
        run.submit(single)
        run.drain()
        #expect(run.pipeline.opened.contains(50))
        #expect(run.pipeline.opened.count == 9 + 1 + 1, "one was opened twice")
        for request in requests + single {
            #expect(run.transcripts[request.id] == HashModel.alone(request, contextLength: 400))
        }
        #expect(run.shared == [:], "what a sequence had computed itself is not said to be shared")
        #expect(run.pipeline.complaints == [])
    }

    @Test func `a sequence gives way only after it has written something for what its turn took`() {
        var run = ScheduleRun(stages: 1, slots: 2, context: 2000)
        run.submit(Self.requests(0..<2, of: Self.many, promptCount: 640, tokens: 1000))
        while run.transcripts[1]?.tokens.isEmpty != false { _ = run.step() }
        run.submit(Self.requests(9..<10, of: Self.few, tokens: 1))
        #expect((20...60).contains(Self.steps(&run, until: 9)), "a token for every sixteen")
    }

    @Test func `where one slot is all there is, owners take turns`() {
        var run = ScheduleRun(stages: 1, slots: 1, context: 100)
        run.submit(Self.requests(0..<4, of: Self.many, tokens: 5))
        run.submit(Self.requests(10..<12, of: Self.few, tokens: 5))
        run.drain()
        #expect(run.pipeline.opened == [0, 10, 1, 11, 2, 3])
    }

    @Test func `slots that become free go to who has fewest`() {
        var run = ScheduleRun(stages: 1, slots: 4, context: 2000)
        run.submit(Self.requests(0..<40, of: Self.many, tokens: 20))
        run.submit(Self.requests(100..<140, of: Self.few, tokens: 20))
        for _ in 0..<100 { _ = run.step() }
        let opened = run.pipeline.opened.suffix(8)
        #expect((3...5).contains(opened.count { $0 < 100 }))
    }

    @Test func `a short prompt does not wait for another's long one`() {
        var run = ScheduleRun(stages: 2, slots: 4, context: 8000)
        run.submit(Self.requests(0..<2, of: Self.many, promptCount: 6000, tokens: 1))
        for _ in 0..<3 { _ = run.step() }
        run.submit(Self.requests(9..<10, of: Self.few, promptCount: 40, tokens: 1))
        #expect(Self.steps(&run, until: 9) <= 8)
        // Nor does the long one wait for ever for short ones.
        let sentCount = run.pipeline.steps.flatMap(\.entries).count { $0.slot == 0 }
        for id in 10..<30 as Range<UInt64> {
            run.submit(Self.requests(id..<id + 1, of: Self.few, promptCount: 40, tokens: 1))
            _ = Self.steps(&run, until: id)
        }
        let steps = run.pipeline.steps.count
        #expect(run.pipeline.steps.flatMap(\.entries).count { $0.slot == 0 } - sentCount >= steps * 16)
    }

    // MARK: The queue

    @Test func `a request is taken whole or not at all`() {
        var run = ScheduleRun(stages: 1, slots: 2, context: 100, waiting: 3)
        run.submit(Self.requests(0..<3, of: Self.many, tokens: 50))
        #expect(run.schedule.runningCount + run.schedule.waitingCount == 3)
        run.submit(Self.requests(3..<6, of: Self.many, tokens: 50))
        #expect(Set(run.refusals.keys) == [3, 4, 5])
        #expect(
            run.refusals[4]
                == "1 sequences are waiting already, and there is no room for 3 more; try again later")
        #expect(Set(run.refusalCodes.values) == [.overloaded])
        run.submit(Self.requests(6..<8, of: Self.many, tokens: 50))
        #expect(run.refusals.count == 3)
        run.submit(Self.requests(10..<16, of: Self.many, tokens: 50))
        #expect(run.refusalCodes[10] == .invalid, "it would never fit")
        var invalid = Self.requests(20..<21, of: Self.many, tokens: 5)
        invalid[0].sampling.temperature = -1
        run.submit([.numbered(21, prompt: [1], tokens: 0)] + invalid)
        #expect(run.refusalCodes[21] == .invalid)
    }

    @Test func `a queue that one has filled has room for others, and not without end`() {
        var run = ScheduleRun(stages: 1, slots: 1, context: 100, waiting: 8)
        run.submit(Self.requests(0..<9, of: Self.many, tokens: 50))
        run.submit(Self.requests(9..<10, of: Self.many, tokens: 50))
        #expect(run.refusalCodes == [9: .overloaded])
        run.submit(Self.requests(20..<24, of: Self.few, tokens: 50))
        run.submit(Self.requests(24..<25, of: Self.few, tokens: 50))
        #expect(run.refusalCodes == [9: .overloaded, 24: .overloaded], "half of it is his")
        for id in 100..<150 as Range<UInt64> {
            run.submit(Self.requests(id..<id + 1, of: .client(key: nil, connection: id), tokens: 50))
        }
        #expect(run.schedule.waitingCount == 16)
    }

    @Test
    func `a queue that one connection has filled has room for others of its key, and more for another key`() {
        var run = ScheduleRun(stages: 1, slots: 1, context: 100, waiting: 8)
        run.submit(Self.requests(0..<9, of: .client(key: 0, connection: 0), tokens: 50))
        for id in 10..<30 as Range<UInt64> {
            run.submit(Self.requests(id..<id + 1, of: .client(key: 0, connection: id), tokens: 50))
        }
        #expect(run.schedule.waitingCount == 12)
        run.submit(Self.requests(40..<44, of: .client(key: 1, connection: 99), tokens: 50))
        #expect(run.refusals.keys.allSatisfy { $0 < 40 })
        #expect(run.schedule.waitingCount == 16)
    }

    // MARK: What was computed of others' prompts

    @Test func `what was asked with one key is not shared with another`() {
        var run = ScheduleRun(stages: 1, slots: 6, context: 300, chunk: 16)
        let prompt = (0..<100).map { UInt32($0 % 50) }
        let owners: [RequestOwner] = [(0, 1), (1, 2), (0, 3), (nil, 5), (nil, 6)]
            .map { .client(key: $0, connection: $1) }
        for (id, owner) in owners.enumerated() {
            run.submit(.numbered(UInt64(id), prompt: prompt, tokens: 3, owner: owner))
            run.drain()
        }
        #expect(run.shared == [2: 99, 4: 99])
        var together = ScheduleRun(stages: 1, slots: 6, context: 300, chunk: 16)
        for (id, owner) in owners.enumerated() {
            together.submit(.numbered(UInt64(id), prompt: prompt, tokens: 3, owner: owner))
        }
        together.drain()
        #expect(together.shared == [2: 99, 4: 99])
        #expect(together.pipeline.complaints == [] && run.pipeline.complaints == [])
    }

    // MARK: The service's own

    @Test func `a probe costs no slot what it holds`() {
        var run = ScheduleRun(stages: 2, slots: 2, context: 100)
        let prompt = (0..<80).map { UInt32($0 % 50) }
        // The first, whose slot is the next to be taken, fills its context to the last position.
        run.submit(.numbered(0, prompt: prompt, tokens: 40, owner: .client(key: 0, connection: 1)))
        run.drain()
        run.submit(.numbered(1, prompt: prompt.reversed(), tokens: 2, owner: .client(key: 1, connection: 2)))
        run.drain()
        for id in 10..<20 as Range<UInt64> {
            var probe = SequenceRequest.numbered(id, prompt: [0], tokens: 1)
            probe.isProbe = true
            run.submit(probe)
            #expect(run.schedule.runningCount == 0)
            run.drain()
            #expect(run.transcripts[id]?.tokens.count == 1)
            #expect(run.shared[id] == nil)
        }
        run.submit(.numbered(30, prompt: prompt + [1], tokens: 1, owner: .client(key: 0, connection: 1)))
        run.drain()
        #expect(run.shared == [30: 80])
        #expect(run.pipeline.complaints == [])
    }

    @Test func `while all slots are in use no probe waits for one`() {
        var run = ScheduleRun(stages: 1, slots: 1, context: 100)
        run.submit(.numbered(0, prompt: [1], tokens: 20))
        var probe = SequenceRequest.numbered(1, prompt: [0], tokens: 1)
        probe.isProbe = true
        run.submit(probe)
        #expect(run.refusalCodes == [1: .overloaded])
        #expect(run.schedule.waitingCount == 0)
    }

    // MARK: What stages give up

    @Test func `a sequence that is not finite ends, the others go on, and nobody takes over from it`() {
        var run = ScheduleRun(stages: 2, slots: 2, context: 200, chunk: 16)
        run.pipeline.poison = 60
        let prompt = (0..<70).map { UInt32($0 % 50) }
        let healthy = SequenceRequest.numbered(0, prompt: [1, 2, 3], tokens: 60)
        run.submit(healthy)
        for id in 1..<4 as Range<UInt64> {
            run.submit(.numbered(id, prompt: prompt + [60, 1], tokens: 9, scores: id == 2))
            for _ in 0..<20 { _ = run.step() }
            #expect(run.refusalCodes[id] == .notFinite)
        }
        run.submit(.numbered(4, prompt: prompt + [1], tokens: 1))
        run.drain()
        #expect(run.shared == [:])
        #expect(run.transcripts[0] == HashModel.alone(healthy, contextLength: 200))
        #expect(run.violations == [])
        #expect(run.pipeline.openSlotCount == 0)
    }
}
