// SPDX-License-Identifier: MIT

package import BitNetCore

/// One part, packed and named.
package struct PackedPart: Sendable {
    package let bytes: ByteSource
    package let reference: PartReference

    package init(bytes: ByteSource, reference: PartReference) {
        self.bytes = bytes
        self.reference = reference
    }

    package var kind: PartReference.Kind { reference.kind }

    /// Calls `body` with the part's bytes, which must not leave it: they go with this value.
    ///
    /// - Throws: ``FileError`` if the part's file was cut meanwhile, or what `body` throws.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        try bytes.withWholeBytes(body)
    }

    /// Calls `body` with a view of the part, which must not leave it.
    package func withView<Result>(_ body: (PartView) throws -> Result) throws -> Result {
        try withBytes { try body(PartView(bytes: $0)) }
    }
}

extension ModelFile {
    /// Packs one part into memory; ``PartLayout`` describes the bytes.
    ///
    /// The head of a tied model gives the same bytes and digest as its embedding.
    ///
    /// - Throws: ``ModelFileError`` if a matrix is not ternary or holds invalid values.
    /// - Precondition: `kind` is a part of this model.
    package func pack(_ kind: PartReference.Kind) throws -> PackedPart {
        let buffer = AlignedBuffer(byteCount: Int(clamping: byteCount(of: kind)))
        var end = 0
        let reference = try pack(kind) { piece in
            UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[end...]).copyMemory(from: piece)
            end += piece.count
        }
        return PackedPart(bytes: .memory(buffer), reference: reference)
    }

    /// Packs one part piece by piece, from its first byte to its last, without holding it in memory.
    ///
    /// - Throws: ``ModelFileError``, ``FileError`` if a file of the model is not what it was, or what `output` throws.
    /// - Precondition: `kind` is a part of this model.
    package func pack(
        _ kind: PartReference.Kind, output: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> PartReference {
        try withoutActuallyEscaping(output) { output in
            let plan = plan(of: kind)
            var stream = PartStream(plan, output: output)
            try source.checkUnchanged(isHeaderRead: false)
            let digest: ContentDigest
            do {
                digest = try stream.run()
            } catch {
                // What was cut while it was read explains the rest.
                try source.checkUnchanged(isHeaderRead: false)
                throw error
            }
            try source.checkUnchanged(isHeaderRead: false)
            return PartReference(
                kind: kind, digest: digest, byteCount: UInt64(clamping: plan.layout.byteCount))
        }
    }

    /// Exact length of the file that `pack(kind)` would make, and what it holds.
    ///
    /// - Precondition: `kind` is a part of this model.
    package func size(of kind: PartReference.Kind) -> PartSize {
        let layout = plan(of: kind).layout
        var size = PartSize(byteCount: UInt64(clamping: layout.byteCount))
        for entry in layout.entries {
            if entry.encoding.isTernary {
                size.ternaryWeightCount += UInt64(clamping: entry.rows) * UInt64(clamping: entry.columns)
            } else {
                size.otherByteCount += UInt64(clamping: entry.byteCount)
            }
        }
        return size
    }

    /// Exact length of the file that `pack(kind)` would make.
    package func byteCount(of kind: PartReference.Kind) -> UInt64 { size(of: kind).byteCount }

    /// Bytes of the model's files that `pack(kind)` reads.
    package func sourceByteCount(of kind: PartReference.Kind) -> UInt64 {
        plan(of: kind).sources.reduce(0) { $0 + UInt64(clamping: $1.tensor.byteCount) }
    }

    /// Length of every part, in manifest order.
    package var partByteCounts: [(kind: PartReference.Kind, byteCount: UInt64)] {
        Self.kinds(of: description).map { ($0, byteCount(of: $0)) }
    }

    /// What a stage of these layers takes; an embedding that is also the stage's head counts once.
    package func size(ofStages stages: [LayerRange]) -> PartSize {
        var kinds = stages.flatMap { ShardManifest.kinds(layers: $0, of: description) }
        if description.hasTiedHead, kinds.contains(.embedding) { kinds.removeAll { $0 == .head } }
        return kinds.reduce(PartSize()) { $0 + size(of: $1) }
    }

    private func plan(of kind: PartReference.Kind) -> PartPlan {
        guard let plan = plans[kind] else { preconditionFailure("\(path) has no \(kind)") }
        return plan
    }
}
