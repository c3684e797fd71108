// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterLogic
import Testing

@Suite struct ShardSendingTests {
    static let chunk = UInt64(ShardSending.chunkBytesMax)

    static func part(_ number: UInt8, _ byteCount: UInt64) throws -> PartReference {
        PartReference(kind: .layer(Int(number)), digest: try .numbered(number), byteCount: byteCount)
    }

    static func presence(
        _ part: PartReference, _ byteCount: UInt64, complete: Bool = false
    )
        -> ShardSending.Presence
    {
        ShardSending.Presence(digest: part.digest, byteCount: byteCount, isComplete: complete)
    }

    /// A worker that keeps what it gets; `corruptions` lists how often it finds a part damaged.
    struct FakeWorker {
        var present: [ContentDigest: UInt64] = [:]
        var complete: Set<ContentDigest> = []
        var corruptions: [ContentDigest: Int] = [:]
        var received: [ContentDigest: [Range<UInt64>]] = [:]

        mutating func run(_ sending: inout ShardSending) -> ShardSending.Directive? {
            var directives = sending.start()
            while !directives.isEmpty {
                let directive = directives.removeFirst()
                switch directive {
                case .offer(let part):
                    let isComplete = complete.contains(part.digest)
                    directives += sending.status(
                        digest: part.digest,
                        presentByteCount: isComplete ? part.byteCount : present[part.digest] ?? 0,
                        isComplete: isComplete)
                case .send(let part, let offset, let count):
                    received[part.digest, default: []].append(offset..<offset + UInt64(count))
                    present[part.digest] = offset + UInt64(count)
                    directives += sending.sent(count)
                case .end(let part):
                    let left = corruptions[part.digest] ?? 0
                    corruptions[part.digest] = left - 1
                    if left > 0 { present[part.digest] = 0 } else { complete.insert(part.digest) }
                    directives += sending.result(
                        digest: part.digest, isAccepted: left <= 0, message: left > 0 ? "another SHA-256" : ""
                    )
                case .done, .fail:
                    return directives.isEmpty ? directive : nil
                }
            }
            return nil
        }
    }

    @Test func `a worker that has nothing is sent every byte of every part, in order and in chunks`() throws {
        let parts = try [Self.part(1, 2 * Self.chunk + 5), Self.part(2, Self.chunk), Self.part(3, 0)]
        var sending = ShardSending(files: parts, present: [])
        #expect(sending.totalByteCount == 3 * Self.chunk + 5)
        #expect(sending.presentByteCount == 0)
        var worker = FakeWorker()
        #expect(worker.run(&sending) == .done)
        #expect(
            worker.received[parts[0].digest] == [
                0..<Self.chunk, Self.chunk..<2 * Self.chunk, 2 * Self.chunk..<2 * Self.chunk + 5,
            ])
        #expect(worker.received[parts[1].digest] == [0..<Self.chunk])
        #expect(worker.received[parts[2].digest] == nil)
        #expect(worker.complete == Set(parts.map(\.digest)))
        #expect(sending.sentByteCount == sending.totalByteCount)
        #expect(sending.completePartCount == 3)
        #expect(sending.isDone)
    }

    @Test func `complete parts are not offered and count as present`() throws {
        let parts = try [Self.part(1, 100), Self.part(2, 50), Self.part(3, 7)]
        var sending = ShardSending(
            files: parts,
            present: [
                Self.presence(parts[0], 100, complete: true), Self.presence(parts[2], 7, complete: true),
            ])
        #expect(sending.presentByteCount == 107)
        #expect(sending.completePartCount == 2)
        #expect(sending.start() == [.offer(parts[1])])
    }

    @Test func `a worker that has everything is sent nothing`() throws {
        let part = try Self.part(1, 100)
        var sending = ShardSending(files: [part], present: [Self.presence(part, 100, complete: true)])
        #expect(sending.isDone)
        #expect(sending.start() == [.done])
        #expect(sending.sentByteCount == 0)
    }

    @Test func `a part that was interrupted goes on where it stopped`() throws {
        let part = try Self.part(1, 100)
        var sending = ShardSending(files: [part], present: [Self.presence(part, 60)])
        #expect(sending.presentByteCount == 60)
        _ = sending.start()
        #expect(
            sending.status(digest: part.digest, presentByteCount: 60, isComplete: false)
                == [.send(part, offset: 60, count: 40)])
        #expect(sending.sent(40) == [.end(part)])
        #expect(sending.sentByteCount == 40)
        #expect(sending.presentByteCount == 60)
    }

    @Test func `the answer to the offer has the last word on what is there`() throws {
        let part = try Self.part(1, 100)
        var sending = ShardSending(files: [part], present: [Self.presence(part, 60)])
        _ = sending.start()
        #expect(
            sending.status(digest: part.digest, presentByteCount: 10, isComplete: false)
                == [.send(part, offset: 10, count: 90)])
        #expect(sending.presentByteCount == 10)
    }

    @Test func `a part that is whole but unverified is only ended`() throws {
        let part = try Self.part(1, 100)
        var sending = ShardSending(files: [part], present: [])
        _ = sending.start()
        #expect(sending.status(digest: part.digest, presentByteCount: 100, isComplete: false) == [.end(part)])
    }

    @Test func `a part that has become complete meanwhile is passed over`() throws {
        let parts = try [Self.part(1, 100), Self.part(2, 50)]
        var sending = ShardSending(files: parts, present: [])
        _ = sending.start()
        #expect(
            sending.status(digest: parts[0].digest, presentByteCount: 100, isComplete: true) == [
                .offer(parts[1])
            ])
        #expect(sending.presentByteCount == 100)
    }

    @Test(arguments: 0...3)
    func `a damaged part is sent again from zero, at most twice`(corruptionCount: Int) throws {
        let parts = try [Self.part(1, 100), Self.part(2, 50)]
        var sending = ShardSending(files: parts, present: [])
        var worker = FakeWorker(corruptions: [parts[0].digest: corruptionCount])
        let last = worker.run(&sending)
        let tries = min(corruptionCount, ShardSending.retriesMax) + 1
        #expect(worker.received[parts[0].digest] == [Range<UInt64>](repeating: 0..<100, count: tries))
        if corruptionCount <= ShardSending.retriesMax {
            #expect(last == .done)
            #expect(sending.sentByteCount == UInt64(tries) * 100 + 50)
        } else {
            #expect(
                last
                    == .fail(
                        TransferError(
                            .rejected, "the layer 1 was rejected 3 times, last because: another SHA-256")))
        }
    }

    @Test func `what a worker says it has beyond the part or of unknown parts is not believed`() throws {
        let part = try Self.part(1, 100)
        let unknown = try Self.part(9, 100)
        let sending = ShardSending(
            files: [part], present: [Self.presence(part, 101), Self.presence(unknown, 100, complete: true)])
        #expect(sending.presentByteCount == 0)
        #expect(!sending.isDone)
    }

    @Test func `answers that cannot be true fail the transfer, and nothing follows`() throws {
        let part = try Self.part(1, 100)
        let other = try ContentDigest.numbered(7)
        var offered = ShardSending(files: [part], present: [])
        _ = offered.start()
        var ended = offered
        _ = ended.status(digest: part.digest, presentByteCount: 100, isComplete: false)
        var rejected = ended
        _ = rejected.result(digest: part.digest, isAccepted: false, message: "")
        let events: [(ShardSending, (inout ShardSending) -> [ShardSending.Directive])] = [
            (offered, { $0.status(digest: part.digest, presentByteCount: 101, isComplete: false) }),
            (offered, { $0.status(digest: other, presentByteCount: 0, isComplete: false) }),
            (offered, { $0.result(digest: part.digest, isAccepted: true, message: "") }),
            (ended, { $0.result(digest: other, isAccepted: true, message: "") }),
            (ended, { $0.status(digest: part.digest, presentByteCount: 0, isComplete: false) }),
            (rejected, { $0.status(digest: part.digest, presentByteCount: 1, isComplete: false) }),
        ]
        for (state, event) in events {
            var sending = state
            let directives = event(&sending)
            guard case .fail(let error) = directives.first else {
                Issue.record("\(directives)")
                continue
            }
            #expect(directives.count == 1)
            #expect(error.code == .violation)
            #expect(event(&sending).isEmpty)
        }
    }

    @Test func `a part of the largest size is sent without trapping`() throws {
        let part = try Self.part(1, Limits.partBytesMax)
        var sending = ShardSending(files: [part], present: [])
        _ = sending.start()
        let start = Limits.partBytesMax - 3
        #expect(
            sending.status(digest: part.digest, presentByteCount: start, isComplete: false)
                == [.send(part, offset: start, count: 3)])
    }
}
