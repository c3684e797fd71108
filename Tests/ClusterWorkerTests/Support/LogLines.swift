// SPDX-License-Identifier: MIT
import Logging
import Synchronization

/// What a worker under test tells.
final class LogLines: Sendable {
    private let lines = Mutex<[(level: Logger.Level, message: String)]>([])
    private let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation

    init() {
        (arrivals, arrival) = AsyncStream.makeStream()
    }

    var logger: Logger { Logger(label: "test") { [self] _ in Handler(lines: self) } }

    /// The level of the next line with this message.
    func level(of message: String) async -> Logger.Level? {
        while true {
            if let line = lines.withLock({ $0.first { $0.message == message } }) { return line.level }
            for await _ in arrivals { break }
        }
    }

    fileprivate func add(_ level: Logger.Level, _ message: String) {
        lines.withLock { $0.append((level, message)) }
        arrival.yield()
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.add(event.level, "\(event.message)") }
    }
}
