// SPDX-License-Identifier: MIT
package import AdminAPI
import BitNetCore
import Synchronization

/// What happened lately, for readers that come late, and for those that follow.
///
/// A reader that does not keep up loses the oldest events; their numbers show that.
package final class EventLog: Sendable {
    private struct State {
        var records = Recent<EventRecord>(countMax: Limits.eventsKeptMax)
        var nextID: UInt64 = 1
        var readers: [UInt64: AsyncStream<EventRecord>.Continuation] = [:]
        var nextReader: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// - Parameter time: seconds since 1970.
    package func append(_ kind: String, worker: String? = nil, _ message: String, time: Double) {
        let (record, readers) = state.withLock { state in
            let record = EventRecord(
                id: state.nextID, time: time, kind: kind, worker: worker, message: message)
            state.nextID += 1
            state.records.append(record)
            return (record, Array(state.readers.values))
        }
        // Outside of the lock: a reader that goes away wants it.
        for reader in readers { reader.yield(record) }
    }

    /// What is kept of the events after number `after`, then those that come; without a number only these.
    package func events(after: UInt64?) -> AsyncStream<EventRecord> {
        let (stream, continuation) = AsyncStream<EventRecord>.makeStream(
            bufferingPolicy: .bufferingNewest(Limits.eventsKeptMax))
        let reader = state.withLock { state in
            if let after {
                for record in state.records where record.id > after { continuation.yield(record) }
            }
            let reader = state.nextReader
            state.nextReader += 1
            state.readers[reader] = continuation
            return reader
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.readers.removeValue(forKey: reader) }
        }
        return stream
    }

    /// Ends all readers' streams.
    package func finish() {
        let readers = state.withLock { state in
            defer { state.readers = [:] }
            return Array(state.readers.values)
        }
        for reader in readers { reader.finish() }
    }
}
