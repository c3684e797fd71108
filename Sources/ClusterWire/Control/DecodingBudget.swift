// SPDX-License-Identifier: MIT

import BitNetCore
import CClusterProto
import CProtobufC

#if canImport(Glibc)
import Glibc
#endif

/// What decoding one control message may take from the heap.
///
/// protobuf-c turns 64 KiB of empty sub-messages into megabytes; its allocator stops here instead. What is
/// freed is not given back to the budget, so that a message cannot keep the decoder busy either.
///
/// Not `Sendable`: one budget serves one call.
package final class DecodingBudget {
    package let bytesMax: Int
    package let allocationsMax: Int
    package private(set) var byteCount = 0
    package private(set) var allocationCount = 0
    /// Allocations not freed yet; 0 after every decoding.
    package private(set) var liveCount = 0
    package private(set) var isExceeded = false

    package init(
        bytesMax: Int = Limits.controlDecodedBytesMax, allocationsMax: Int = Limits.controlAllocationsMax
    ) {
        self.bytesMax = bytesMax
        self.allocationsMax = allocationsMax
    }

    /// Calls `body` with an allocator that draws on this budget.
    ///
    /// Safety: the allocator refers to the budget without owning it, and is gone when the budget may go.
    func withAllocator<Result>(
        _ body: (UnsafeMutablePointer<ProtobufCAllocator>) throws(WireError) -> Result
    ) throws(WireError) -> Result {
        var allocator = ProtobufCAllocator(
            alloc: { context, size in DecodingBudget.behind(context)?.allocate(size) },
            free: { context, pointer in DecodingBudget.behind(context)?.release(pointer) },
            allocator_data: Unmanaged.passUnretained(self).toOpaque())
        defer { withExtendedLifetime(self) {} }
        return try withUnsafeMutablePointer(to: &allocator) { pointer throws(WireError) in try body(pointer) }
    }

    private static func behind(_ context: UnsafeMutableRawPointer?) -> DecodingBudget? {
        context.map { Unmanaged<DecodingBudget>.fromOpaque($0).takeUnretainedValue() }
    }

    private func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
        guard size >= 0, size <= bytesMax - byteCount, allocationCount < allocationsMax,
            let pointer = malloc(max(size, 1))
        else {
            isExceeded = true
            return nil
        }
        byteCount += size
        allocationCount += 1
        liveCount += 1
        return pointer
    }

    private func release(_ pointer: UnsafeMutableRawPointer?) {
        guard let pointer else { return }
        liveCount -= 1
        free(pointer)
    }
}
