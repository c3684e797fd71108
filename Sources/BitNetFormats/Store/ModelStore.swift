// SPDX-License-Identifier: MIT
package import BitNetCore

/// The parts that were made of model files, kept so that the next start makes none.
///
/// `models/<sha-256>` says which parts a model file became; the name is the hash of what the file is known by
/// (``FileIdentity``) and of the options that decide how it is read. The parts are in a ``PartStore``.
package final class ModelStore: Sendable {
    package let directory: String
    /// Bytes that the parts may take.
    private let quota: UInt64
    private let parts: PartStore

    /// Raised when equal model files would become other parts.
    private static let version: UInt8 = 2

    /// - Throws: ``FileError`` if the directory cannot be made.
    package init(directory: String, quota: UInt64) throws(FileError) {
        self.directory = directory
        self.quota = quota
        parts = try PartStore(sharing: directory)
    }

    /// Whether the parts of `model` may be kept here: there is room for them, and the file can be recognised.
    ///
    /// - Returns: why not, or `nil`.
    package func obstacle(to model: ModelFile) -> String? {
        guard model.fingerprint(version: Self.version) != nil else { return "the model is not a file" }
        if references(of: model) != nil { return nil }
        let needed = model.partByteCounts.reduce(0) { $0 + $1.byteCount }
        guard needed <= quota else { return "its parts take \(needed) bytes, the quota is \(quota)" }
        // Parts of other models make room only once these are there.
        let free = parts.freeByteCount
        guard needed <= free else { return "its parts take \(needed) bytes, the disk has \(free)" }
        return nil
    }

    /// - Returns: what keeps others from writing for as long as it lives; `nil` if another process does so now.
    package func lock() -> FileDescriptor? { try? PartStore.lock(directory) }

    /// What `model` became, if all of its parts are here; they are checked when they are used.
    func references(of model: ModelFile) -> [PartReference]? {
        guard let path = path(of: model), let file = try? MappedFile(path: path, followsLinks: false),
            file.byteCount <= Limits.controlBytesMax,
            let manifest = file.withBytes({ try? ShardManifest(decoding: [UInt8]($0)) })
        else { return nil }
        let expected = model.partByteCounts
        guard manifest.parts.count == expected.count,
            zip(manifest.parts, expected).allSatisfy({ $0.kind == $1.kind && $0.byteCount == $1.byteCount }),
            manifest.parts.allSatisfy({ parts.byteCount(of: $0.digest) == $0.byteCount })
        else { return nil }
        return manifest.parts
    }

    /// Removes what a conversion that was killed left behind; only for who holds the lock.
    func removeLeftovers() { parts.removeLeftovers() }

    /// Makes one part and keeps it.
    func keep(_ kind: PartReference.Kind, of model: ModelFile) throws -> PartReference {
        try parts.keep(kind) { output in try model.pack(kind, output: output) }
    }

    /// Notes what `model` became, and makes room by what was not used for longest.
    func finish(_ model: ModelFile, _ references: [PartReference]) throws(FileError) {
        for reference in references { FileSystem.touch(parts.path(of: reference.digest)) }
        parts.trim(to: quota, keeping: Set(references.map(\.digest)))
        guard let name = model.fingerprint(version: Self.version),
            let layers = LayerRange(first: 0, end: model.description.layerCount)
        else { return }
        let manifest = ShardManifest(model: model.description, layers: layers, parts: references)
        try parts.write(manifest, as: name)
    }

    /// A part, if its file is here; whether its bytes are unaltered only a hash tells.
    func part(_ reference: PartReference, isHashed: Bool) -> PackedPart? {
        if isHashed, !parts.presence(of: reference.file).isComplete { return nil }
        guard let file = try? parts.map(reference.digest),
            UInt64(clamping: file.byteCount) == reference.byteCount
        else {
            return nil
        }
        return PackedPart(bytes: .mapped(file), reference: reference)
    }

    private func path(of model: ModelFile) -> String? {
        model.fingerprint(version: Self.version).map(parts.modelPath)
    }
}
