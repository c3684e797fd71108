// SPDX-License-Identifier: MIT
import BitNetCore
import CPlatform

/// A persistent pool of threads for the regions of a few microseconds inside a forward pass.
///
/// Safety: `@unchecked Sendable` by confinement: regions are started from one serial queue at a time, the
/// one that runs the stage which owns the pool.
package final class ComputePool: @unchecked Sendable {
    /// Processors that this process may use: affinity mask and cgroup quota considered.
    package static var defaultThreadCount: Int { min(bn_processor_count(), Limits.threadsMax) }

    let handle: OpaquePointer
    package let threadCount: Int

    /// - Parameters:
    ///   - threadCount: threads in all, the caller's included.
    ///   - pinsThreads: gives each thread a processor of its own; only for the single pool of a machine.
    /// - Throws: ``EngineError`` if the count is not 1...1024 or the threads cannot be had.
    package init(
        threadCount: Int = ComputePool.defaultThreadCount, pinsThreads: Bool = false
    ) throws(EngineError) {
        guard (1...Limits.threadsMax).contains(threadCount) else {
            throw EngineError(
                .invalidConfiguration,
                "thread count is \(threadCount), expected 1...\(Limits.threadsMax)")
        }
        guard let handle = bn_pool_create(threadCount) else {
            throw EngineError(
                .threadsUnavailable,
                "cannot start \(threadCount) compute threads; lower --threads or raise the limit on tasks")
        }
        if pinsThreads { _ = bn_pool_pin(handle) }
        self.handle = handle
        self.threadCount = threadCount
    }

    deinit {
        bn_pool_destroy(handle)
    }

    /// Calls `body` once for every index below `count`, on all threads; returns when all are done.
    func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            withUnsafePointer(to: Region(body: body)) { region in
                bn_pool_run(
                    handle, count, 1,
                    { context, begin, end, _ in
                        guard let region = context?.assumingMemoryBound(to: Region.self) else { return }
                        for index in begin..<end { region.pointee.body(index) }
                    }, UnsafeMutableRawPointer(mutating: region))
            }
        }
    }

    private struct Region {
        let body: @Sendable (Int) -> Void
    }
}
