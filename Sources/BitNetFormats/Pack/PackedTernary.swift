// SPDX-License-Identifier: MIT

import BitNetCore

/// The rows of a ternary tensor as a part holds them.
struct PackedTernary {
    /// Of the whole tensor; 1 where rows hold their scales.
    let scale: Float
    private let rows: Rows

    private enum Rows {
        case whole(TernaryRows, codes: AlignedBuffer, values: AlignedBuffer)
        case scaled(ScaledRows, rowByteCount: Int)
    }

    /// - Throws: ``ModelFileError`` if there is no valid scale.
    init(_ source: PartSource) throws(ModelFileError) {
        let columns = source.shape.columns
        if source.encoding.hasScalesInRows {
            scale = 1
            rows = .scaled(
                try ScaledRows(source), rowByteCount: source.encoding.rowByteCount(columns: columns))
        } else {
            let whole = try TernaryRows(source)
            scale = whole.scale
            rows = .whole(
                whole, codes: AlignedBuffer(byteCount: columns),
                values: AlignedBuffer(byteCount: columns * MemoryLayout<Float>.size))
        }
    }

    /// Writes rows one behind the other.
    ///
    /// - Throws: ``ModelFileError`` at a value that is no trit, or has another scale than it should.
    func encode(_ range: Range<Int>, into piece: AlignedBuffer) throws(ModelFileError) {
        switch rows {
        case .whole(let rows, let codes, let values):
            try rows.encode(range, into: piece, codes: codes, values: values)
        case .scaled(let rows, let rowByteCount):
            defer { withExtendedLifetime(piece) {} }
            guard var out = piece.bytes.bindMemory(to: UInt8.self).baseAddress else { return }
            for row in range {
                try rows.encode(row: row, into: out)
                out += rowByteCount
            }
        }
    }
}
