// SPDX-License-Identifier: MIT
import BitNetCore
import CTernary

/// A head's int8 copy.
///
/// Safety: `@unchecked Sendable` because it is never written after `init`.
final class FastHead: @unchecked Sendable {
    /// The most candidates that can be asked for.
    static let countMax = UInt32(BN_FAST_HEAD_COUNT_MAX)

    let handle: OpaquePointer
    let byteCount: Int
    /// The copy points into it.
    private let table: FloatTable

    /// - Throws: ``EngineError`` with code `outOfMemory`.
    init(
        _ table: FloatTable, rows: Int, columns: Int, kernels: Kernels, pool: ComputePool
    ) throws(EngineError) {
        guard
            let handle = bn_fast_head_create(
                kernels.table, pool.handle, table.memory.start, table.type, rows, columns)
        else {
            throw EngineError(
                .outOfMemory,
                "cannot allocate the int8 copy of the head, \(rows) × \(columns) values; use --head exact, or "
                    + "give this worker fewer layers")
        }
        self.handle = handle
        self.table = table
        byteCount = bn_fast_head_byte_count_for(rows, columns)
    }

    deinit {
        bn_fast_head_destroy(handle)
    }
}
