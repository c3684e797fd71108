// SPDX-License-Identifier: MIT
import CommandLine
import TestSupport
import Testing

@Suite struct MemoryTests {
    @Test func `what a large request took is given back, also after a larger one`() async {
        await #expect(processExitsWith: .success) {
            Program.prepare()
            MemoryTests.take(byteCount: 30 << 20)
            let before = ProcessFigures().residentByteCount
            MemoryTests.take(byteCount: 16 << 20)
            // The allocator keeps what lies beneath something that is still in use.
            let small = [UInt8](repeating: 1, count: 1 << 10)
            let after = ProcessFigures().residentByteCount
            #expect(after - before < 8 << 20, "\(before) and then \(after) bytes beside \(small.count)")
        }
    }

    private static func take(byteCount: Int) {
        let bytes = [UInt8](repeating: 1, count: byteCount)
        #expect(bytes.last == 1)
    }
}
