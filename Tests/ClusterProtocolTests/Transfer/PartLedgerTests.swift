// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterProtocol
import TestSupport
import Testing

@Suite struct PartLedgerTests {
    private func file(_ number: Int, _ byteCount: UInt64 = 10) -> PartFile {
        PartFile(digest: ContentDigest.counted(number), byteCount: byteCount)
    }

    @Test func `parts that came before the stage was known are not looked for again`() {
        var ledger = PartLedger()
        #expect(ledger.offer(file(1)) == nil)
        #expect(ledger.found(file(1)) == false)
        #expect(ledger.offer(file(2)) == nil)
        let stage = [file(1), file(2), file(3)]
        #expect(ledger.assign(stage) == Array(stage[1...]))
        #expect(ledger.missingPartCount == 2)
        #expect(ledger.found(stage[2]) == false)
        #expect(ledger.found(stage[1]) == true)
        #expect(ledger.missingPartCount == 0)
        // Found once more, it is not the last again.
        #expect(ledger.found(stage[1]) == false)
    }

    @Test func `a part of another size is another part`() {
        var ledger = PartLedger()
        _ = ledger.found(file(1, 11))
        #expect(ledger.assign([file(1)]) == [file(1)])
        #expect(ledger.offer(file(1, 11)) != nil)
        #expect(ledger.offer(file(1)) == nil)
    }

    @Test func `once the stage is known only what it lacks may come`() {
        var ledger = PartLedger()
        _ = ledger.assign([file(1), file(2)])
        _ = ledger.found(file(1))
        #expect(ledger.offer(file(2)) == nil)
        // Again after it was rejected.
        #expect(ledger.offer(file(2)) == nil)
        #expect(ledger.offer(file(1)) != nil)
        #expect(ledger.offer(file(3)) != nil)
    }

    @Test func `as many parts as the largest shard has may come before the stage is known, and no more`()
        throws
    {
        var ledger = PartLedger()
        for number in 0..<Limits.partsMax { #expect(ledger.offer(file(number)) == nil) }
        #expect(ledger.offer(file(Limits.partsMax)) != nil)
        #expect(ledger.offer(file(0)) == nil)
    }

    @Test func `what was offered, found or assigned is in use`() {
        var ledger = PartLedger()
        _ = ledger.offer(file(1))
        _ = ledger.found(file(2))
        _ = ledger.assign([file(3)])
        #expect(ledger.used == Set((1...3).map { file($0).digest }))
    }
}
