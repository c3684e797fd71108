// SPDX-License-Identifier: MIT

import BitNetCore

/// A GGUF file, version 2 or 3, little-endian: metadata and tensor table, everything checked on opening.
///
/// Tensor data and long metadata stay where they are. After `init` every range that this object hands out
/// lies inside the file, no two tensors overlap, and names are unique.
package final class GGUFFile: Sendable {
    /// Path, for messages.
    package let path: String
    package let version: UInt32
    package let metadata: [String: GGUFValue]
    /// In file order.
    package let tensors: [GGUFTensor]
    private let tensorIndex: [String: Int]
    let source: ByteSource
    /// Bytes of counts, metadata and tensor table.
    private let headerByteCount: Int

    /// The whole file.
    ///
    /// Safety: valid while this object is alive.
    package var bytes: UnsafeRawBufferPointer { source.bytes }

    /// Maps and checks a file.
    ///
    /// - Throws: ``FileError`` or ``ModelFileError``.
    package convenience init(path: String) throws {
        try self.init(source: .mapped(MappedFile(path: path)), path: path)
    }

    package init(source: ByteSource, path: String) throws(ModelFileError) {
        self.source = source
        self.path = path
        try ForeignFile.refuse(source.bytes, file: path, expected: "a GGUF file")
        var header = try GGUFHeader(source.bytes, file: path)
        metadata = try header.readMetadata()
        tensors = try header.readTensors(alignment: try Self.alignment(metadata, file: path))
        try Self.checkOverlap(tensors, file: path)
        // Names are known to be unique here.
        tensorIndex = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
        version = header.version
        headerByteCount = header.byteCount
    }

    /// The file on disk, if it is there.
    var sourceFile: SourceFile? {
        guard case .mapped(let file) = source else { return nil }
        return SourceFile(file, headerByteCount: headerByteCount)
    }

    package func tensor(_ name: String) -> GGUFTensor? {
        tensorIndex[name].map { tensors[$0] }
    }

    /// The tensor's bytes; empty for a type of unknown size.
    package func data(of tensor: GGUFTensor) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[tensor.range])
    }

    private static func alignment(
        _ metadata: [String: GGUFValue], file: String
    ) throws(ModelFileError) -> Int {
        let key = "general.alignment"
        guard let value = metadata[key] else { return 32 }
        let alignment: Int? =
            switch value {
            case .unsigned(let value): Int(exactly: value)
            case .signed(let value): Int(exactly: value)
            default: nil
            }
        guard let alignment, (1...Limits.ggufAlignmentMax).contains(alignment),
            alignment & (alignment - 1) == 0
        else {
            throw ModelFileError(
                .badAlignment, file: file, subject: key,
                found: alignment.map(String.init) ?? value.kindName,
                expected: "a power of two, at most \(Limits.ggufAlignmentMax)")
        }
        return alignment
    }

    /// Aliased tensors could make a small file describe a huge model; a tied matrix is said by absence.
    private static func checkOverlap(_ tensors: [GGUFTensor], file: String) throws(ModelFileError) {
        let sorted = tensors.sorted { $0.offset < $1.offset }
        for (previous, next) in zip(sorted, sorted.dropFirst()) {
            // A tensor of unknown size still takes at least one byte.
            let end = previous.offset + max(previous.byteCount ?? 1, 1)
            guard next.offset >= end else {
                throw ModelFileError(
                    .overlappingTensors, file: file, subject: next.name, offset: next.offset,
                    found: "a start inside \(ModelFileError.printable(previous.name))",
                    expected: "byte \(end) or later")
            }
        }
    }
}
