// SPDX-License-Identifier: MIT

import BitNetCore

extension Array where Element == UInt8 {
    /// Reads the bytes from the start.
    func read<Result>(
        _ body: (inout LittleEndianReader) throws(WireError) -> Result
    ) throws(WireError) -> Result {
        try withUnsafeBufferPointer { bytes throws(WireError) in
            var reader = LittleEndianReader(UnsafeRawBufferPointer(bytes))
            return try body(&reader)
        }
    }
}
