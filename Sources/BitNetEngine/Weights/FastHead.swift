// SPDX-License-Identifier: MIT
import BitNetCore
import CTernary

/// How the last stage finds tokens in the output head.
package enum HeadType: String, CaseIterable, Sendable {
    /// Every logit from the table.
    case exact
    /// The largest logits by an int8 copy of the table, those from the table itself: the same tokens, read from
    /// a half of a 16-bit table's bytes.
    ///
    /// What needs all logits still uses the table.
    case fast

    /// Bytes that this takes beside the table `[rows, columns]`.
    package func byteCount(rows: Int, columns: Int) -> UInt64 {
        self == .fast ? UInt64(bn_fast_head_byte_count_for(rows, columns)) : 0
    }

    /// Bytes of working memory for `tokens` tokens at a time.
    func scratchByteCount(rows: Int, columns: Int, tokens: Int) -> Int {
        self == .fast ? bn_fast_head_scratch_byte_count(rows, columns, tokens) : 0
    }
}

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
