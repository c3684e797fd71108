// SPDX-License-Identifier: MIT

package import BitNetCore

/// One tensor of a part file, where it lies.
///
/// Safety: valid while the bytes given to the ``PartView`` are.
package struct TensorView {
    package let role: TensorRole
    package let encoding: TensorEncoding
    package let rows: Int
    package let columns: Int
    /// What the trits are multiplied with; 1 for other encodings.
    package let scale: Float
    /// [rows][bytes of one row], on a 64-byte boundary of the file.
    package let bytes: UnsafeRawBufferPointer

    package var rowByteCount: Int { encoding.rowByteCount(columns: columns) }

    package func row(_ index: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[index * rowByteCount..<(index + 1) * rowByteCount])
    }
}

/// A part file's tensors, its header checked byte for byte against ``PartLayout``.
///
/// Safety: the caller keeps `bytes` alive and unchanged while the view or its tensors are used
/// (`withExtendedLifetime`: a reference that is not used any more may be released before the scope ends).
package struct PartView {
    package let tensors: [TensorRole: TensorView]

    /// Checks everything but the weights' values (see ``T5/firstInvalidByte(in:columns:_:)``).
    package init(bytes: UnsafeRawBufferPointer) throws(PartFileError) {
        let (layout, scales) = try Self.readHeader(bytes)
        guard bytes.count == layout.byteCount else {
            throw PartFileError(
                bytes.count < layout.byteCount ? .truncated : .wrongLayout,
                "\(bytes.count) bytes, the header says \(layout.byteCount)")
        }
        var end = layout.headerByteCount
        var tensors: [TensorRole: TensorView] = [:]
        for (entry, scale) in zip(layout.entries, scales) {
            try Self.checkZero(bytes, end..<entry.offset)
            end = entry.range.upperBound
            tensors[entry.role] = TensorView(
                role: entry.role, encoding: entry.encoding, rows: entry.rows, columns: entry.columns,
                scale: scale, bytes: UnsafeRawBufferPointer(rebasing: bytes[entry.range]))
        }
        try Self.checkZero(bytes, end..<layout.byteCount)
        self.tensors = tensors
    }

    /// Checks that the part is what a stage of `model` needs as `kind`: these tensors, these shapes, and
    /// encodings that suit them.
    package func check(_ kind: PartReference.Kind, of model: ModelDescription) throws(PartFileError) {
        let shapes = TensorShape.all(of: kind, in: model)
        for shape in shapes {
            guard let tensor = tensors[shape.role] else {
                throw PartFileError(.wrongContent, "\(kind) has no \(shape.role) tensor")
            }
            guard tensor.rows == shape.rows, tensor.columns == shape.columns else {
                throw PartFileError(
                    .wrongContent,
                    "\(kind): \(shape.role) is [\(tensor.rows), \(tensor.columns)], expected "
                        + "[\(shape.rows), \(shape.columns)]")
            }
            guard shape.form.encodings.contains(tensor.encoding) else {
                throw PartFileError(.wrongContent, "\(kind): \(shape.role) is written as \(tensor.encoding)")
            }
        }
        guard tensors.count == shapes.count else {
            throw PartFileError(
                .wrongContent, "\(kind) has \(tensors.count) tensors, expected \(shapes.count)")
        }
    }

    private static func readHeader(
        _ bytes: UnsafeRawBufferPointer
    ) throws(PartFileError) -> (layout: PartLayout, scales: [Float]) {
        var reader = LittleEndianReader(bytes)
        guard let magic = reader.array(4), let version = reader.integer(UInt32.self),
            let headerByteCount = reader.integer(UInt32.self), let count = reader.integer(UInt32.self)
        else { throw PartFileError(.truncated, "\(bytes.count) bytes are less than a header") }
        guard magic == PartLayout.magic else { throw PartFileError(.notPart, "the magic is not BNPT") }
        guard version == PartLayout.version else {
            throw PartFileError(.unsupportedVersion, "version \(version), expected \(PartLayout.version)")
        }
        guard (1...Limits.tensorsPerPartMax).contains(Int(count)) else {
            throw PartFileError(
                .malformedHeader, "\(count) tensors, expected 1...\(Limits.tensorsPerPartMax)")
        }
        guard headerByteCount == PartLayout.headerByteCount(tensorCount: Int(count)) else {
            throw PartFileError(.malformedHeader, "a header of \(headerByteCount) bytes for \(count) tensors")
        }
        var entries: [RawEntry] = []
        for index in 0..<Int(count) {
            let entry = try RawEntry(&reader, index: index)
            if let last = entries.last, last.role.rawValue >= entry.role.rawValue {
                throw PartFileError(.malformedTensor, "\(entry.role) after \(last.role)")
            }
            entries.append(entry)
        }
        guard
            let layout = PartLayout(
                entries.map { (role: $0.role, encoding: $0.encoding, rows: $0.rows, columns: $0.columns) })
        else { throw PartFileError(.malformedTensor, "a tensor larger than a part file may be") }
        for (entry, raw) in zip(layout.entries, entries)
        where UInt64(clamping: entry.offset) != raw.offset
            || UInt64(clamping: entry.byteCount) != raw.byteCount
        {
            throw PartFileError(
                .wrongLayout,
                "\(entry.role) is said to have \(raw.byteCount) bytes at \(raw.offset), its shape takes "
                    + "\(entry.byteCount) at \(entry.offset)")
        }
        guard reader.offset <= layout.headerByteCount, layout.headerByteCount <= bytes.count else {
            throw PartFileError(.truncated, "\(bytes.count) bytes are less than the header")
        }
        try checkZero(bytes, reader.offset..<layout.headerByteCount)
        return (layout, entries.map(\.scale))
    }

    private static func checkZero(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>
    ) throws(PartFileError) {
        guard bytes[range].allSatisfy({ $0 == 0 }) else {
            throw PartFileError(.nonZeroPadding, "padding at \(range.lowerBound) is not zero")
        }
    }
}

/// One entry of the tensor table as it stands in the file, its single fields checked.
private struct RawEntry {
    let role: TensorRole
    let encoding: TensorEncoding
    let scale: Float
    let rows: Int
    let columns: Int
    let offset: UInt64
    let byteCount: UInt64

    init(_ reader: inout LittleEndianReader, index: Int) throws(PartFileError) {
        guard let role = reader.integer(UInt8.self), let encoding = reader.integer(UInt8.self),
            let reserved = reader.integer(UInt16.self), let scale = reader.float(),
            let rows = reader.integer(UInt64.self), let columns = reader.integer(UInt64.self),
            let offset = reader.integer(UInt64.self), let byteCount = reader.integer(UInt64.self)
        else { throw PartFileError(.truncated, "the tensor table ends at entry \(index)") }
        func malformed(_ reason: String) -> PartFileError {
            PartFileError(.malformedTensor, "entry \(index): \(reason)")
        }
        guard let role = TensorRole(rawValue: role) else { throw malformed("unknown role \(role)") }
        guard let encoding = TensorEncoding(rawValue: encoding) else {
            throw malformed("unknown encoding \(encoding)")
        }
        guard reserved == 0 else { throw malformed("reserved bits are set") }
        let scaleIsValid = encoding == .t5 ? scale.isFinite && scale.sign == .plus : scale == 1
        guard scaleIsValid else { throw malformed("scale \(scale)") }
        guard let rows = Int(exactly: rows), let columns = Int(exactly: columns) else {
            throw malformed("shape [\(rows), \(columns)]")
        }
        guard encoding.divides(columns: columns) else {
            throw malformed(
                "\(columns) columns, \(encoding) comes in blocks of \(encoding.blockElementCount)")
        }
        self.role = role
        self.encoding = encoding
        self.scale = scale
        self.rows = rows
        self.columns = columns
        self.offset = offset
        self.byteCount = byteCount
    }
}
