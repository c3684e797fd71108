// SPDX-License-Identifier: MIT
import BitNetCore
import Dispatch

/// Standard input, line by line.
///
/// The wait for a line blocks a thread of its own, never one that other tasks need, and ends when the task that
/// waits is cancelled.
package final class StandardInput: Sendable {
    private let lines: AsyncStream<String>
    private let demand = DispatchSemaphore(value: 0)

    package init() {
        let (lines, continuation) = AsyncStream<String>.makeStream()
        self.lines = lines
        let demand = demand
        DispatchQueue(label: "standard input").async {
            // One line for each call of nextLine, so that no more than that is ever in memory.
            var isFirst = true
            while true {
                demand.wait()
                guard let line = readLine() else { return continuation.finish() }
                continuation.yield(isFirst ? FileText.withoutMark(line) : line)
                isFirst = false
            }
        }
    }

    /// The next line without its end; `nil` after the last, and when the task is cancelled.
    package func nextLine() async -> String? {
        demand.signal()
        for await line in lines { return line }
        return nil
    }

    /// All lines up to the end, but not many more bytes than a prompt may have: what is longer is refused anyway.
    package func readAll() async throws -> String {
        var text = ""
        var isFirst = true
        while text.utf8.count <= Limits.promptBytesMax, let line = await nextLine() {
            if !isFirst { text += "\n" }
            text += line
            isFirst = false
        }
        try Task.checkCancellation()
        return text
    }
}
