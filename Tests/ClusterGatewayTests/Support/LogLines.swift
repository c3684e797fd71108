// SPDX-License-Identifier: MIT
import Logging
import Synchronization

/// What was logged: a line for each message, with its metadata.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }
    var handler: Handler { Handler(lines: self) }

    struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        init(lines: LogLines) { self.lines = lines }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
            let line =
                "\(event.message) " + all.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
                + " level=\(event.level)"
            lines.lines.withLock { $0.append(line) }
        }
    }
}

/// Lets through who waits, once it is open.
final class Gate: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream<Void>.makeStream()
    }

    func open() { continuation.finish() }

    func wait() async { for await _ in stream {} }
}

/// What several tasks have been told.
final class Answers: Sendable {
    private let texts = Mutex<[String]>([])

    var all: String { texts.withLock { $0.joined() } }

    func add(_ text: String) { texts.withLock { $0.append(text) } }
}

extension String {
    func occurrences(of part: String) -> Int { ranges(of: part).count }
}
