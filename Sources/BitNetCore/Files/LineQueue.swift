// SPDX-License-Identifier: MIT
import Dispatch
import Synchronization

/// Lines for somebody who may not read them: whoever writes never waits.
///
/// One thread writes what is queued. What does not fit the queue is dropped and counted, and the count is told once
/// writing goes on.
package final class LineQueue: Sendable {
    private struct State {
        var lines: [String] = []
        var byteCount = 0
        /// Whether the writing thread is under way, or about to be.
        var isWriting = false
        /// When the write began that is under way.
        var writeStart: ContinuousClock.Instant?
        var droppedCount: UInt64 = 0
        var untoldCount: UInt64 = 0
        /// How the count is told.
        var notice: @Sendable (UInt64) -> String = { "\($0) lines were dropped here, as nobody read them\n" }

        mutating func drop(_ count: Int = 1) {
            droppedCount += UInt64(count)
            untoldCount += UInt64(count)
        }
    }

    private let state = Mutex(State())
    private let thread: DispatchQueue
    private let isIdle = DispatchGroup()
    private let byteCountMax: Int
    private let output: @Sendable (String) -> Bool

    /// - Parameters:
    ///   - byteCountMax: What may wait, bytes.
    ///   - output: writes lines, for as long as it takes; says whether they were taken.
    package init(
        label: String, byteCountMax: Int = Limits.logQueueBytesMax,
        output: @escaping @Sendable (String) -> Bool
    ) {
        thread = DispatchQueue(label: label)
        self.byteCountMax = byteCountMax
        self.output = output
    }

    /// Lines that nobody will see: there was no room for them, or the stream did not take them.
    package var droppedCount: UInt64 { state.withLock { $0.droppedCount } }

    /// How the count of dropped lines is told, as a line with its end.
    package func tellDropped(_ notice: @escaping @Sendable (UInt64) -> String) {
        state.withLock { $0.notice = notice }
    }

    /// Queues lines, their ends included; returns at once.
    package func write(_ text: String) {
        let begins = state.withLock { state in
            let byteCount = text.utf8.count
            guard byteCount <= byteCountMax - state.byteCount else {
                state.drop()
                return false
            }
            state.lines.append(text)
            state.byteCount += byteCount
            guard !state.isWriting else { return false }
            state.isWriting = true
            isIdle.enter()
            return true
        }
        if begins { thread.async { [self] in writeAll() } }
    }

    /// Waits until everything is written, or the stream has taken nothing for as long as `duration`.
    ///
    /// Blocks; for the end of a program, and where the order of two streams matters.
    package func flush(within duration: Duration) {
        let isStuck = state.withLock { state in
            state.writeStart.map { $0.duration(to: .now) >= duration } ?? false
        }
        guard !isStuck else { return }
        _ = isIdle.wait(timeout: .now() + .microseconds(Int(duration / .microseconds(1))))
    }

    private func writeAll() {
        while let batch = next() {
            let isTaken = output(batch.text)
            state.withLock { state in
                state.writeStart = nil
                if !isTaken { state.drop(batch.lineCount) }
            }
        }
        isIdle.leave()
    }

    /// All that waits; `nil` if nothing does, and then this thread is not the writing one any more.
    private func next() -> (text: String, lineCount: Int)? {
        state.withLock { state in
            guard !state.lines.isEmpty else {
                state.isWriting = false
                return nil
            }
            state.writeStart = .now
            let lineCount = state.lines.count
            // What is missing would have come after what waits.
            if state.untoldCount > 0 { state.lines.append(state.notice(state.untoldCount)) }
            state.untoldCount = 0
            defer {
                state.lines = []
                state.byteCount = 0
            }
            return (state.lines.joined(), lineCount)
        }
    }
}
