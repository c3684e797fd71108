// SPDX-License-Identifier: MIT

import BitNetCore

/// Makes the bytes of a part file from front to back, in pieces, so that no part is ever whole in memory.
struct PartStream {
    private let plan: PartPlan
    private let output: (UnsafeRawBufferPointer) throws -> Void
    private var hasher = ContentHasher()
    private var byteCount = 0

    /// Bytes of one piece, as large as fits a core's cache beside what it is made from.
    private static let pieceByteCount = 256 << 10

    init(_ plan: PartPlan, output: @escaping (UnsafeRawBufferPointer) throws -> Void) {
        self.plan = plan
        self.output = output
    }

    /// Calls `output` with each piece, in order.
    ///
    /// - Returns: the digest of all of them.
    /// - Throws: ``ModelFileError``, or what `output` throws.
    mutating func run() throws -> ContentDigest {
        // Keeps the files mapped while their bytes are read.
        defer { withExtendedLifetime(plan) {} }
        let rows = try plan.sources.map { source in
            source.encoding.isTernary ? try PackedTernary(source) : nil
        }
        try emit(plan.layout.header(scales: rows.map { $0?.scale ?? 1 }))
        for ((source, rows), entry) in zip(zip(plan.sources, rows), plan.layout.entries) {
            try pad(to: entry.offset)
            if let rows {
                try emit(rows, entry)
            } else if source.shape.form == .gains {
                try emit(Self.gains(source.tensor))
            } else {
                try emitTable(source.tensor)
            }
            source.tensor.releasePages(0..<source.tensor.byteCount)
        }
        try pad(to: plan.layout.byteCount)
        return hasher.finish()
    }

    private mutating func emit(_ bytes: UnsafeRawBufferPointer) throws {
        hasher.update(bytes)
        try output(bytes)
        byteCount += bytes.count
    }

    private mutating func emit(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try emit($0) }
    }

    private mutating func pad(to end: Int) throws {
        try emit([UInt8](repeating: 0, count: end - byteCount))
    }

    private mutating func emit(_ rows: PackedTernary, _ entry: PartLayout.Entry) throws {
        let rowByteCount = entry.encoding.rowByteCount(columns: entry.columns)
        let rowsPerPiece = max(Self.pieceByteCount / rowByteCount, 1)
        let piece = AlignedBuffer(byteCount: rowsPerPiece * rowByteCount)
        defer { withExtendedLifetime(piece) {} }
        var start = 0
        while start < entry.rows {
            let end = min(start + rowsPerPiece, entry.rows)
            try rows.encode(start..<end, into: piece)
            try emit(UnsafeRawBufferPointer(rebasing: piece.readOnly[..<((end - start) * rowByteCount)]))
            start = end
        }
    }

    private mutating func emitTable(_ tensor: SourceTensor) throws {
        let bytes = tensor.bytes
        var start = 0
        while start < bytes.count {
            let end = min(start + Self.pieceByteCount, bytes.count)
            try emit(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            tensor.releasePages(start..<end)
            start = end
        }
    }

    /// The gains of a norm as f32.
    private static func gains(_ tensor: SourceTensor) throws(ModelFileError) -> [UInt8] {
        guard case .table(let encoding) = tensor.content else { return [] }
        var result: [UInt8] = []
        for index in 0..<tensor.columns {
            let value = FloatReader.value(tensor.bytes, index, encoding) ?? .nan
            guard value.isFinite else {
                throw tensor.error(
                    .notFinite, found: "\(value) at index \(index)", expected: "finite values")
            }
            result.append(littleEndian: value)
        }
        return result
    }
}
