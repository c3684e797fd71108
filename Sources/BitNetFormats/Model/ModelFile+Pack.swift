// SPDX-License-Identifier: MIT

package import BitNetCore

/// One part, packed and named.
package struct PackedPart: Sendable {
    package let buffer: AlignedBuffer
    package let reference: PartReference

    package var kind: PartReference.Kind { reference.kind }

    /// Calls `body` with a view of the part, which must not leave it: the bytes go with this value.
    package func withView<Result>(_ body: (PartView) throws -> Result) throws -> Result {
        try withExtendedLifetime(buffer) { try body(PartView(bytes: buffer.readOnly)) }
    }
}

extension ModelFile {
    /// Packs one part into memory; ``PartLayout`` describes the bytes.
    ///
    /// The head of a tied model gives the same bytes and digest as its embedding.
    ///
    /// - Throws: ``ModelFileError`` if a matrix is not ternary or holds invalid values.
    /// - Precondition: `kind` is a part of this model.
    package func pack(_ kind: PartReference.Kind) throws(ModelFileError) -> PackedPart {
        let plan = plan(of: kind)
        let layout = plan.layout
        let buffer = AlignedBuffer(byteCount: layout.byteCount)
        var scales: [Float] = []
        for (source, entry) in zip(plan.sources, layout.entries) {
            let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[entry.range])
            scales.append(try fill(bytes, from: source))
        }
        buffer.bytes.copyBytes(from: layout.header(scales: scales))
        let reference = PartReference(
            kind: kind, digest: ContentDigest.of(buffer.readOnly), byteCount: UInt64(layout.byteCount))
        return PackedPart(buffer: buffer, reference: reference)
    }

    /// Exact length of the file that `pack(kind)` would make, and what it holds.
    ///
    /// - Precondition: `kind` is a part of this model.
    package func size(of kind: PartReference.Kind) -> PartSize {
        let layout = plan(of: kind).layout
        var size = PartSize(byteCount: UInt64(layout.byteCount))
        for entry in layout.entries {
            if entry.encoding == .t5 {
                size.ternaryWeightCount += UInt64(entry.rows) * UInt64(entry.columns)
            } else {
                size.otherByteCount += UInt64(entry.byteCount)
            }
        }
        return size
    }

    /// Exact length of the file that `pack(kind)` would make.
    package func byteCount(of kind: PartReference.Kind) -> UInt64 { size(of: kind).byteCount }

    /// Length of every part, in manifest order.
    package var partByteCounts: [(kind: PartReference.Kind, byteCount: UInt64)] {
        Self.kinds(of: description).map { ($0, byteCount(of: $0)) }
    }

    /// What a stage of these layers takes; an embedding that is also the stage's head counts once.
    package func size(ofStage layers: LayerRange) -> PartSize {
        var kinds = ShardManifest.kinds(layers: layers, of: description)
        if description.hasTiedHead, kinds.contains(.embedding) { kinds.removeAll { $0 == .head } }
        return kinds.reduce(PartSize()) { $0 + size(of: $1) }
    }

    private func plan(of kind: PartReference.Kind) -> PartPlan {
        guard let plan = plans[kind] else { preconditionFailure("\(path) has no \(kind)") }
        return plan
    }

    /// - Returns: the tensor's scale, 1 where the values need none.
    private func fill(
        _ bytes: UnsafeMutableRawBufferPointer, from source: PartSource
    ) throws(ModelFileError) -> Float {
        let data = gguf.data(of: source.tensor)
        switch source.shape.form {
        case .table:
            bytes.copyMemory(from: data)
            return 1
        case .gains:
            try fillGains(bytes, from: data, source.tensor)
            return 1
        case .ternary:
            let rowBytes = T5.rowByteCount(columns: source.shape.columns)
            let scale = try TernaryRows(source.tensor, data: data, file: path).read { row, codes in
                let start = row * rowBytes
                T5.encode(
                    codes, into: UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + rowBytes]))
            }
            return try multiply(scale, by: source.scaleTensor)
        }
    }

    private func fillGains(
        _ bytes: UnsafeMutableRawBufferPointer, from data: UnsafeRawBufferPointer, _ tensor: GGUFTensor
    ) throws(ModelFileError) {
        guard case .dense(let encoding) = tensor.type.content else { return }
        for index in 0..<tensor.columns {
            let value = FloatReader.value(data, index, encoding)
            guard let value, value.isFinite else {
                throw ModelFileError(
                    .notFinite, file: path, subject: tensor.name, offset: tensor.offset,
                    found: "\(value ?? .nan) at index \(index)", expected: "finite values")
            }
            bytes.storeBytes(
                of: value.bitPattern.littleEndian, toByteOffset: index * MemoryLayout<UInt32>.size,
                as: UInt32.self)
        }
    }

    /// Applies the further factor that some old conversions store in a tensor of its own.
    private func multiply(_ scale: Float, by tensor: GGUFTensor?) throws(ModelFileError) -> Float {
        guard let tensor else { return scale }
        let factor = FloatReader.float32(gguf.data(of: tensor), 0)
        guard factor > 0, (scale * factor).isFinite else {
            throw ModelFileError(
                .badScale, file: path, subject: tensor.name, offset: tensor.offset,
                found: "\(factor) times \(scale)", expected: "a finite scale above 0")
        }
        return scale * factor
    }
}
