// SPDX-License-Identifier: MIT
import BitNetCore
import Dispatch
import Glibc
import Synchronization

/// SIGINT as the end of what is being done instead of the program's.
final class Interrupts: Sendable {
    private final class Current: Sendable {
        let cancel = Mutex<(@Sendable () -> Void)?>(nil)
    }

    private let current = Current()
    private let source: Mutex<any DispatchSourceSignal>

    init() {
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT)
        source.setEventHandler { [current] in
            let cancel = current.cancel.withLock { $0 }
            // Between two things there is nothing to end but the program.
            if let cancel { return cancel() }
            StandardStream.error.flush(within: Limits.logFlushTime)
            exit(130)
        }
        source.resume()
        self.source = Mutex(source)
    }

    deinit {
        source.withLock { $0.cancel() }
        signal(SIGINT, SIG_DFL)
    }

    /// What `body` returns; a signal cancels it.
    func cancelling<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let work = Task { try await body() }
        current.cancel.withLock { $0 = { work.cancel() } }
        defer { current.cancel.withLock { $0 = nil } }
        return try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            work.cancel()
        }
    }
}
