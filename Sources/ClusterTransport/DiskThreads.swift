// SPDX-License-Identifier: MIT
import BitNetCore
import NIOPosix

/// Threads for what blocks for long: hashing, syncing, packing, loading.
///
/// Apart from those of `NIOThreadPool.singleton`, on which chunks are read and written: these must not wait for a
/// disk that syncs a gigabyte.
package enum DiskThreads {
    private static let pool = {
        let pool = NIOThreadPool(numberOfThreads: Limits.diskThreads)
        pool.start()
        return pool
    }()

    /// Runs `body` on one of the threads.
    package static func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await pool.runIfActive(body)
    }
}
