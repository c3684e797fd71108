// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterProtocol
import TestSupport
import Testing

/// A worker that keeps what it gets, and answers in an order of its own.
private struct FakeWorker {
    struct Transfer {
        let part: PartReference
        var offset: UInt64
    }

    var present: [ContentDigest: UInt64] = [:]
    var complete: Set<ContentDigest> = []
    /// How often it finds a part damaged.
    var corruptions: [ContentDigest: Int] = [:]
    private(set) var received: [ContentDigest: [Range<UInt64>]] = [:]
    private(set) var offers: [ContentDigest] = []
    private(set) var openCountMax = 0
    private var open: [UInt64: Transfer] = [:]
    private var answers: [(inout ShardSending, ContinuousClock.Instant) -> [ShardSending.Directive]] = []

    /// Carries everything out until the machine is done or fails; `dice` decide what happens first.
    mutating func run(
        _ sending: inout ShardSending, parts: [PartReference], dice: inout SeededGenerator
    ) throws -> ShardSending.Directive {
        var now = ContinuousClock.now
        var coming = parts[...]
        var directives: [ShardSending.Directive] = []
        var hasFinished = false
        for _ in 0..<100_000 {
            now += .microseconds(dice.roll(1...2000))
            if dice.once(in: 2), let part = coming.popFirst() {
                directives += sending.add(part, now: now)
            } else if coming.isEmpty, !hasFinished {
                hasFinished = true
                directives += sending.finish(now: now)
            } else if !directives.isEmpty, dice.once(in: 2) || answers.isEmpty {
                let directive = directives.removeFirst()
                switch directive {
                case .done, .fail: return directive
                default: directives += try carryOut(directive, &sending, now)
                }
            } else if !answers.isEmpty {
                let answer = answers.remove(at: dice.roll(0...answers.count - 1))
                directives += answer(&sending, now)
            }
        }
        Issue.record("stuck in \(sending)")
        return .done
    }

    private mutating func carryOut(
        _ directive: ShardSending.Directive, _ sending: inout ShardSending, _ now: ContinuousClock.Instant
    ) throws -> [ShardSending.Directive] {
        switch directive {
        case .offer(let part, let number):
            offers.append(part.digest)
            let isComplete = complete.contains(part.digest)
            let present = isComplete ? part.byteCount : present[part.digest] ?? 0
            if !isComplete { open[number] = Transfer(part: part, offset: present) }
            openCountMax = max(openCountMax, open.count)
            answers.append {
                $0.status(
                    transfer: number, digest: part.digest, presentByteCount: present, isComplete: isComplete,
                    now: $1)
            }
        case .send(let part, let number, let offset, let count):
            let transfer = try #require(open[number])
            #expect(transfer.part == part && transfer.offset == offset)
            #expect((1...Limits.sendChunkBytesMax).contains(count))
            let end = offset + UInt64(count)
            open[number]?.offset = end
            received[part.digest, default: []].append(offset..<end)
            // Reports of one part keep their order.
            return sending.sent(now: now)
                + sending.progress(transfer: number, writtenByteCount: end, now: now)
        case .end(let part, let number):
            #expect(open.removeValue(forKey: number)?.offset == part.byteCount)
            let left = corruptions[part.digest] ?? 0
            corruptions[part.digest] = left - 1
            if left > 0 { present[part.digest] = 0 } else { complete.insert(part.digest) }
            answers.append {
                $0.result(
                    transfer: number, digest: part.digest, isAccepted: left <= 0,
                    message: left > 0 ? "another SHA-256" : "", now: $1)
            }
        case .done, .fail:
            break
        }
        return []
    }
}

@Suite struct ShardSendingTests {
    private let now = ContinuousClock.now

    private func part(_ number: UInt8, _ byteCount: UInt64) throws -> PartReference {
        PartReference(kind: .layer(Int(number)), digest: try .numbered(number), byteCount: byteCount)
    }

    private func sending(_ parts: [PartReference]) -> ShardSending {
        ShardSending(totalByteCount: parts.reduce(0) { $0 + $1.byteCount }, now: now)
    }

    /// A machine that was told of `parts` and that there are no others.
    private func offered(_ parts: PartReference...) -> ShardSending {
        var machine = sending(parts)
        for part in parts { _ = machine.add(part, now: now) }
        _ = machine.finish(now: now)
        return machine
    }

    @Test(arguments: 0..<40)
    func `every byte is sent once and in order, in whatever order the answers come`(seed: Int) throws {
        var dice = SeededGenerator(seed: UInt64(seed))
        let sizes = (0..<dice.roll(1...9)).map { _ in UInt64(dice.roll(0...1_500_000)) }
        let parts = try sizes.enumerated().map { try part(UInt8($0), $1) }
        var machine = sending(parts)
        var worker = FakeWorker()
        #expect(try worker.run(&machine, parts: parts, dice: &dice) == .done)
        for part in parts {
            var end: UInt64 = 0
            for range in worker.received[part.digest] ?? [] {
                #expect(range.lowerBound == end)
                end = range.upperBound
            }
            #expect(end == part.byteCount)
        }
        #expect(worker.complete == Set(parts.map(\.digest)))
        #expect(worker.offers == parts.map(\.digest))
        #expect(worker.openCountMax <= Limits.transfersMax)
        #expect(machine.sentByteCount == machine.totalByteCount)
        #expect(machine.writtenByteCount == machine.totalByteCount)
    }

    @Test func `parts are offered ahead, as many as a worker may hold open`() throws {
        let parts = try (1...6).map { try part(UInt8($0), 100) }
        var machine = sending(parts)
        let offers = parts.flatMap { machine.add($0, now: now) }
        #expect(
            offers
                == parts.prefix(Limits.transfersMax).enumerated().map { .offer($1, transfer: UInt64($0 + 1)) }
        )
        // A part that comes twice, as a tied head does, is offered once.
        #expect(machine.add(parts[0], now: now).isEmpty)
        // What is complete makes room for the next.
        #expect(
            machine.status(
                transfer: 2, digest: parts[1].digest, presentByteCount: 100, isComplete: true, now: now)
                == [.offer(parts[4], transfer: 5)])
        #expect(machine.presentByteCount == 100)
    }

    @Test func `the next part's bytes go while the last one is checked`() throws {
        let parts = try [part(1, 10), part(2, 20)]
        var machine = offered(parts[0], parts[1])
        #expect(
            machine.status(
                transfer: 2, digest: parts[1].digest, presentByteCount: 0, isComplete: false, now: now)
                == [.send(parts[1], transfer: 2, offset: 0, count: 20)])
        // One at a time: what is ready now waits for its turn.
        #expect(
            machine.status(
                transfer: 1, digest: parts[0].digest, presentByteCount: 0, isComplete: false, now: now
            ).isEmpty)
        #expect(
            machine.sent(now: now) == [
                .end(parts[1], transfer: 2), .send(parts[0], transfer: 1, offset: 0, count: 10),
            ])
        #expect(machine.sent(now: now) == [.end(parts[0], transfer: 1)])
        #expect(
            machine.result(
                transfer: 1, digest: parts[0].digest, isAccepted: true, message: "", now: now
            ).isEmpty)
        #expect(
            machine.result(transfer: 2, digest: parts[1].digest, isAccepted: true, message: "", now: now)
                == [.done])
    }

    @Test func `no more is under way than the window lets through`() throws {
        let part = try part(1, UInt64(4 * Limits.sendWindowBytesFirst))
        var machine = offered(part)
        var directives = machine.status(
            transfer: 1, digest: part.digest, presentByteCount: 0, isComplete: false, now: now)
        while !directives.isEmpty { directives = machine.sent(now: now) }
        #expect(machine.sentByteCount == UInt64(Limits.sendWindowBytesFirst))
        let quarter = Limits.sendWindowBytesFirst / 4
        #expect(
            machine.progress(transfer: 1, writtenByteCount: UInt64(quarter), now: now)
                == [.send(part, transfer: 1, offset: UInt64(Limits.sendWindowBytesFirst), count: quarter)])
    }

    @Test func `complete parts are not offered and count as present`() throws {
        let parts = try [part(1, 100), part(2, 50), part(3, 7)]
        var machine = sending(parts)
        machine.skip(parts[0])
        #expect(machine.add(parts[1], now: now) == [.offer(parts[1], transfer: 1)])
        machine.skip(parts[2])
        #expect(machine.presentByteCount == 107)
    }

    @Test func `a worker that has everything is sent nothing`() throws {
        var machine = sending([try part(1, 100)])
        machine.skip(try part(1, 100))
        #expect(machine.finish(now: now) == [.done])
        #expect(machine.sentByteCount == 0)
    }

    @Test func `a part that was interrupted goes on where it stopped`() throws {
        let part = try part(1, 100)
        var machine = offered(part)
        #expect(
            machine.status(
                transfer: 1, digest: part.digest, presentByteCount: 60, isComplete: false, now: now)
                == [.send(part, transfer: 1, offset: 60, count: 40)])
        #expect(machine.sent(now: now) == [.end(part, transfer: 1)])
        #expect(machine.sentByteCount == 40)
        #expect(machine.presentByteCount == 60)
    }

    @Test(arguments: 0...3)
    func `a damaged part is sent again from zero, at most twice`(corruptionCount: Int) throws {
        let parts = try [part(1, 100), part(2, 50)]
        var machine = sending(parts)
        var worker = FakeWorker()
        worker.corruptions[parts[0].digest] = corruptionCount
        var dice = SeededGenerator(seed: 1)
        let last = try worker.run(&machine, parts: parts, dice: &dice)
        let tries = min(corruptionCount, Limits.partRetriesMax) + 1
        #expect(worker.received[parts[0].digest] == [Range<UInt64>](repeating: 0..<100, count: tries))
        #expect(machine.wasRejected(parts[0]) == (corruptionCount > 0))
        #expect(!machine.wasRejected(parts[1]))
        if corruptionCount <= Limits.partRetriesMax {
            #expect(last == .done)
            #expect(machine.sentByteCount == UInt64(tries) * 100 + 50)
        } else {
            #expect(
                last
                    == .fail(
                        TransferError(
                            .rejected, "the layer 1 was rejected 3 times, last because: another SHA-256")))
        }
    }

    @Test func `answers that cannot be true fail the transfer, and nothing follows`() throws {
        let part = try part(1, 100)
        let other = try ContentDigest.numbered(7)
        let now = now
        let offered = self.offered(part)
        var sending = offered
        _ = sending.status(
            transfer: 1, digest: part.digest, presentByteCount: 40, isComplete: false, now: now)
        var ended = sending
        _ = ended.sent(now: now)
        var rejected = ended
        _ = rejected.result(transfer: 1, digest: part.digest, isAccepted: false, message: "", now: now)
        func status(
            _ transfer: UInt64, _ digest: ContentDigest, _ present: UInt64, complete: Bool = false
        ) -> (inout ShardSending) -> [ShardSending.Directive] {
            {
                $0.status(
                    transfer: transfer, digest: digest, presentByteCount: present, isComplete: complete,
                    now: now)
            }
        }
        func result(
            _ transfer: UInt64, _ digest: ContentDigest
        ) -> (inout ShardSending) -> [ShardSending.Directive] {
            { $0.result(transfer: transfer, digest: digest, isAccepted: true, message: "", now: now) }
        }
        func progress(
            _ transfer: UInt64, _ written: UInt64
        ) -> (inout ShardSending) -> [ShardSending.Directive] {
            { $0.progress(transfer: transfer, writtenByteCount: written, now: now) }
        }
        let events: [(ShardSending, (inout ShardSending) -> [ShardSending.Directive])] = [
            (offered, status(1, part.digest, 101)), (offered, status(1, other, 0)),
            (offered, status(2, part.digest, 0)), (offered, result(1, part.digest)),
            (offered, progress(1, 0)), (sending, status(1, part.digest, 0)), (sending, progress(1, 39)),
            // Not sent yet.
            (sending, progress(1, 41)), (sending, progress(2, 40)), (sending, result(1, part.digest)),
            (ended, progress(1, 101)), (ended, progress(1, .max)), (ended, result(1, other)),
            (ended, result(2, part.digest)), (ended, status(1, part.digest, 0)),
            (rejected, status(2, part.digest, 1)), (rejected, progress(1, 100)),
        ]
        for (index, (state, event)) in events.enumerated() {
            var machine = state
            let directives = event(&machine)
            guard case .fail(let error) = directives.first else {
                Issue.record("\(index): \(directives)")
                continue
            }
            #expect(directives.count == 1)
            #expect(error.code == .violation)
            #expect(event(&machine).isEmpty)
        }
    }

    @Test func `a worker that writes nothing, or answers nothing, fails in bounded time`() throws {
        let part = try part(1, 100)
        var silent = offered(part)
        #expect(silent.tick(now: now + Limits.loadTimeout - .milliseconds(1)).isEmpty)
        guard case .fail(let error) = silent.tick(now: now + Limits.loadTimeout).first else {
            Issue.record("no failure")
            return
        }
        #expect(error.code == .stalled)

        var full = offered(part)
        _ = full.status(transfer: 1, digest: part.digest, presentByteCount: 0, isComplete: false, now: now)
        _ = full.sent(now: now)
        #expect(full.tick(now: now + Limits.transferTimeout - .milliseconds(1)).isEmpty)
        guard case .fail(let error) = full.tick(now: now + Limits.transferTimeout).first else {
            Issue.record("no failure")
            return
        }
        #expect(error.code == .stalled)
        #expect(error.message.contains("100 bytes"))

        // While nothing is asked of the worker, nothing is due: the next part may take long to be made.
        var idle = sending([part])
        #expect(idle.tick(now: now + .seconds(100_000)).isEmpty)
        _ = idle.add(part, now: now + .seconds(100_000))
        #expect(idle.tick(now: now + .seconds(100_001)).isEmpty)
    }

    @Test func `a part of the largest size is sent without trapping`() throws {
        let part = try part(1, Limits.partBytesMax)
        var machine = offered(part)
        let start = Limits.partBytesMax - 3
        #expect(
            machine.status(
                transfer: 1, digest: part.digest, presentByteCount: start, isComplete: false, now: now)
                == [.send(part, transfer: 1, offset: start, count: 3)])
    }
}
