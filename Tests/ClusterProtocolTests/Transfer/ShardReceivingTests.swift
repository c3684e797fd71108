// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterProtocol
import TestSupport
import Testing

@Suite struct ShardReceivingTests {
    private func file(_ number: UInt8, _ byteCount: UInt64 = 10) throws -> PartFile {
        PartFile(digest: try .numbered(number), byteCount: byteCount)
    }

    /// A machine with one part that arrives from byte 4 of 10.
    private func arriving() throws -> ShardReceiving {
        var machine = ShardReceiving()
        #expect(machine.offered(transfer: 1, file: try file(1)) == .look(try file(1)))
        #expect(
            machine.looked(transfer: 1, presentByteCount: 4, isComplete: false)
                == .answer(try file(1), presentByteCount: 4, isComplete: false))
        return machine
    }

    private func isRefusal(_ directive: ShardReceiving.Directive?) -> Bool {
        if case .refuse = directive { true } else { false }
    }

    @Test func `a part is looked for, written and verified, and another one meanwhile`() throws {
        var machine = try arriving()
        #expect(machine.isArriving)
        #expect(machine.offered(transfer: 2, file: try file(2)) == .look(try file(2)))
        #expect(
            machine.chunk(transfer: 1, offset: 4, byteCount: 6) == .write(offset: 4, count: 6))
        #expect(machine.ended(transfer: 1) == .verify(try file(1)))
        #expect(!machine.isArriving)
        #expect(
            machine.looked(transfer: 2, presentByteCount: 0, isComplete: false)
                == .answer(try file(2), presentByteCount: 0, isComplete: false))
        #expect(
            machine.chunk(transfer: 2, offset: 0, byteCount: 10) == .write(offset: 0, count: 10))
        machine.verified(transfer: 1)
        #expect(machine.ended(transfer: 2) == .verify(try file(2)))
        machine.verified(transfer: 2)
    }

    @Test func `a part that is complete is closed with the answer`() throws {
        var machine = ShardReceiving()
        _ = machine.offered(transfer: 1, file: try file(1))
        #expect(
            machine.looked(transfer: 1, presentByteCount: 10, isComplete: true)
                == .answer(try file(1), presentByteCount: 10, isComplete: true))
        #expect(!machine.isArriving)
        #expect(isRefusal(machine.chunk(transfer: 1, offset: 10, byteCount: 1)))
    }

    @Test func `a part that was rejected may be offered again as another transfer`() throws {
        var machine = try arriving()
        _ = machine.chunk(transfer: 1, offset: 4, byteCount: 6)
        _ = machine.ended(transfer: 1)
        machine.verified(transfer: 1)
        #expect(machine.offered(transfer: 2, file: try file(1)) == .look(try file(1)))
    }

    @Test func `as many parts as may be open are taken, and one more is refused`() throws {
        var machine = ShardReceiving()
        for number in 1...Limits.transfersMax {
            let file = try file(UInt8(number))
            #expect(machine.offered(transfer: UInt64(number), file: file) == .look(file))
        }
        let next = UInt64(Limits.transfersMax + 1)
        #expect(isRefusal(machine.offered(transfer: next, file: try file(99))))
    }

    @Test func `what does not belong is refused, and nothing is taken after it`() throws {
        let events: [(inout ShardReceiving) throws -> ShardReceiving.Directive] = [
            // Numbers rise by one.
            { $0.offered(transfer: 1, file: try self.file(2)) },
            { $0.offered(transfer: 3, file: try self.file(2)) },
            // The same part twice at a time.
            { $0.offered(transfer: 2, file: try self.file(1)) },
            // Bytes of a part that nobody offered, or at the wrong place, or too many.
            { $0.chunk(transfer: 2, offset: 0, byteCount: 1) },
            { $0.chunk(transfer: 1, offset: 0, byteCount: 1) },
            { $0.chunk(transfer: 1, offset: 4, byteCount: 7) },
            { $0.chunk(transfer: 1, offset: 4, byteCount: 0) },
            // Ends that are not due.
            { $0.ended(transfer: 1) },
            { $0.ended(transfer: 2) },
        ]
        for event in events {
            var machine = try arriving()
            #expect(isRefusal(try event(&machine)))
            #expect(isRefusal(machine.chunk(transfer: 1, offset: 4, byteCount: 6)))
            #expect(isRefusal(machine.offered(transfer: 2, file: try file(3))))
            #expect(isRefusal(machine.ended(transfer: 1)))
        }
    }

    @Test func `bytes that come before the answer to the offer, or after the end, are refused`() throws {
        var early = ShardReceiving()
        _ = early.offered(transfer: 1, file: try file(1))
        #expect(isRefusal(early.chunk(transfer: 1, offset: 0, byteCount: 1)))
        #expect(early.looked(transfer: 1, presentByteCount: 0, isComplete: false) == nil)

        var late = try arriving()
        _ = late.chunk(transfer: 1, offset: 4, byteCount: 6)
        _ = late.ended(transfer: 1)
        #expect(isRefusal(late.chunk(transfer: 1, offset: 10, byteCount: 1)))
        // The part that is being checked is finished all the same.
        late.verified(transfer: 1)
    }
}
