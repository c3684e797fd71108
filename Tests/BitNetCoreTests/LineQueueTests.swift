// SPDX-License-Identifier: MIT
import BitNetCore
import Dispatch
import Synchronization
import Testing

/// Lines that are written by a thread of their own.
struct LineQueueTests {
    /// A stream whose reader comes when it is told to.
    private final class Reader: Sendable {
        private let gate = DispatchSemaphore(value: 0)
        private let began = DispatchSemaphore(value: 0)
        private let text = Mutex("")

        var seen: String { text.withLock { $0 } }

        func take(_ lines: String) -> Bool {
            began.signal()
            gate.wait()
            gate.signal()
            text.withLock { $0 += lines }
            return true
        }

        func awaitWriting() { began.wait() }
        func read() { gate.signal() }
    }

    @Test func `whoever writes does not wait for a reader, and what is missing is counted and told`() {
        let reader = Reader()
        let queue = LineQueue(label: "test", byteCountMax: 64) { reader.take($0) }
        queue.tellDropped { "\($0) dropped\n" }
        queue.write("first\n")
        reader.awaitWriting()
        for _ in 0..<8 { queue.write("0123456789abcde\n") }
        #expect(queue.droppedCount == 4)
        queue.flush(within: .milliseconds(1))
        #expect(reader.seen.isEmpty)
        reader.read()
        queue.flush(within: .seconds(60))
        let kept = String(repeating: "0123456789abcde\n", count: 4)
        #expect(reader.seen == "first\n" + kept + "4 dropped\n")
    }

    @Test func `a flush ends when everything is written, and at once behind a stream that is stuck`() {
        let reader = Reader()
        let queue = LineQueue(label: "test") { reader.take($0) }
        queue.flush(within: .seconds(60))
        queue.write("line\n")
        reader.awaitWriting()
        queue.flush(within: .zero)
        #expect(reader.seen.isEmpty)
        reader.read()
        queue.flush(within: .seconds(60))
        #expect(reader.seen == "line\n")
    }

    @Test func `a stream that takes nothing costs lines, and nothing else`() {
        let isFull = Mutex(true)
        let seen = Mutex("")
        let queue = LineQueue(label: "test") { text in
            guard !isFull.withLock({ $0 }) else { return false }
            seen.withLock { $0 += text }
            return true
        }
        queue.tellDropped { "\($0) dropped\n" }
        queue.write("lost\n")
        queue.flush(within: .seconds(60))
        #expect(queue.droppedCount == 1)
        isFull.withLock { $0 = false }
        queue.write("taken\n")
        queue.flush(within: .seconds(60))
        #expect(seen.withLock { $0 } == "taken\n1 dropped\n")
    }
}
