// SPDX-License-Identifier: MIT

import BitNetCore

/// The bytes of a tensor, made piece by piece: in any order, on any thread, never all at once.
package struct TensorStream: Sendable {
    package let unitByteCount: Int
    package let unitCount: Int
    /// What follows the units.
    package let tail: [UInt8]
    /// Writes the units of `range` one after another into a buffer of just their size.
    package let fill: @Sendable (_ range: Range<Int>, _ bytes: UnsafeMutableRawBufferPointer) throws -> Void

    package init(
        unitByteCount: Int, unitCount: Int, tail: [UInt8] = [],
        fill: @escaping @Sendable (Range<Int>, UnsafeMutableRawBufferPointer) throws -> Void
    ) {
        self.unitByteCount = unitByteCount
        self.unitCount = unitCount
        self.tail = tail
        self.fill = fill
    }

    /// A tensor whose few bytes are there already.
    package init(bytes: [UInt8]) {
        self.init(unitByteCount: 1, unitCount: 0, tail: bytes) { _, _ in }
    }

    package var byteCount: Int { unitByteCount * unitCount + tail.count }

    /// The whole tensor, for those that fit into memory.
    package func bytes() throws -> [UInt8] {
        let buffer = AlignedBuffer(byteCount: unitByteCount * unitCount)
        try fill(0..<unitCount, buffer.bytes)
        return buffer.withBytes { Array($0) } + tail
    }
}

/// A file to be written: a header, and streams behind it.
package struct FileImage: Sendable {
    package let path: String
    package let header: [UInt8]
    /// Bytes from the start of the file, rising; what lies between is zero.
    package let streams: [(offset: Int, stream: TensorStream)]
    package let byteCount: Int

    /// Streams follow the header in their order, each from the next multiple of `alignment` on.
    ///
    /// - Parameter alignsEnd: whether zeros follow the last stream up to such a multiple.
    package init(
        path: String, header: [UInt8], streams: [TensorStream] = [], alignment: Int = 1,
        alignsEnd: Bool = false
    ) {
        self.path = path
        self.header = header
        var end = header.count
        var placed: [(offset: Int, stream: TensorStream)] = []
        for stream in streams {
            let offset = Self.aligned(end, alignment)
            placed.append((offset, stream))
            end = offset + stream.byteCount
        }
        self.streams = placed
        byteCount = alignsEnd ? Self.aligned(end, alignment) : end
    }

    static func aligned(_ offset: Int, _ alignment: Int) -> Int {
        (offset + alignment - 1) / alignment * alignment
    }
}
