// SPDX-License-Identifier: MIT

package import BitNetCore
import BitNetFormats

extension SyntheticTensor {
    /// A ternary matrix as a file holds it.
    ///
    /// - Parameter order: the row of the model that stands at a row of the file.
    package func stream(
        _ storage: TernaryStorage, order: @escaping @Sendable (Int) -> Int = { $0 }
    ) -> TensorStream {
        let rowsPerUnit = storage.rowsPerUnit(columns: columns)
        let unitByteCount = storage.unitByteCount(columns: columns)
        return TensorStream(
            unitByteCount: unitByteCount, unitCount: rows / rowsPerUnit, tail: storage.tail(scale: scale)
        ) { units, bytes in
            let maker = RowMaker(columns: columns)
            let scratch = AlignedBuffer(byteCount: rowsPerUnit * columns)
            guard let codes = scratch.bytes.bindMemory(to: UInt8.self).baseAddress,
                let base = bytes.baseAddress
            else { return }
            for (index, unit) in units.enumerated() {
                for part in 0..<rowsPerUnit {
                    let row = order(storage.row(part, ofUnit: unit, rows: rows, columns: columns))
                    maker.makeCodes(self, row, into: codes + part * columns)
                }
                if storage == .blocks(.q1) { Self.removeZeros(codes, columns) }
                // What has several scales has rows of its own.
                storage.encode(
                    codes, columns: columns, scales: scales(row: order(unit)),
                    into: base + index * unitByteCount)
            }
        }
    }

    /// Where only −1 and +1 can be stored.
    private static func removeZeros(_ codes: UnsafeMutablePointer<UInt8>, _ count: Int) {
        for index in 0..<count where codes[index] == 1 { codes[index] = index & 1 == 0 ? 0 : 2 }
    }

    /// A table or gains as plain floats.
    package func stream(_ encoding: TensorEncoding) -> TensorStream {
        if encoding == .float32 {
            let table = values.bits32
            return rowStream(encoding) { $0.makeValues(self, $1, table: table, into: $2) }
        }
        let table = values.bits16(encoding)
        return rowStream(encoding) { $0.makeValues(self, $1, table: table, into: $2) }
    }

    /// A matrix as the weights of full precision from which its trits would come about.
    package func masterStream(_ encoding: TensorEncoding) -> TensorStream {
        let magnitudes = (0..<16).map { scale * Float($0) / 4 }
        if encoding == .float32 {
            let table = magnitudes.map(\.bitPattern)
            return rowStream(encoding) { $0.makeMasters(self, $1, magnitudes: table, into: $2) }
        }
        let table = magnitudes.map { encoding == .float16 ? Float16($0).bitPattern : BFloat16.bits($0) }
        return rowStream(encoding) { $0.makeMasters(self, $1, magnitudes: table, into: $2) }
    }

    private func rowStream(
        _ encoding: TensorEncoding,
        _ make: @escaping @Sendable (RowMaker, _ row: Int, UnsafeMutableRawPointer) -> Void
    ) -> TensorStream {
        let rowByteCount = encoding.rowByteCount(columns: columns)
        return TensorStream(unitByteCount: rowByteCount, unitCount: rows) { range, bytes in
            let maker = RowMaker(columns: columns)
            guard let base = bytes.baseAddress else { return }
            for (index, row) in range.enumerated() { make(maker, row, base + index * rowByteCount) }
        }
    }
}
