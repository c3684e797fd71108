// SPDX-License-Identifier: MIT
package import BitNetCore

/// What is written down of a file beside it: what it is, and how much of it is there.
package struct DownloadRecord: Equatable, Sendable {
    package var byteCount: UInt64
    package var digest: ContentDigest?
    package var gitName: String?
    package var validator: String?
    package var blockByteCount: UInt64
    package var isDone: [Bool]
    /// The file was compared with its digest, and has its name.
    package var isVerified = false

    package init(
        byteCount: UInt64, digest: ContentDigest?, gitName: String?, validator: String?,
        blockByteCount: UInt64, isDone: [Bool]
    ) {
        self.byteCount = byteCount
        self.digest = digest
        self.gitName = gitName
        self.validator = validator
        self.blockByteCount = blockByteCount
        self.isDone = isDone
    }

    /// Whether it tells of that file and no other that has or had its name.
    package func isOf(_ file: HubFile) -> Bool {
        guard byteCount == file.byteCount else { return false }
        if let digest, let other = file.digest { return digest == other }
        if let gitName, let other = file.gitName { return gitName == other }
        // Nothing tells but what the sender calls the bytes.
        return file.digest == nil && file.gitName == nil && (validator != nil || digest != nil)
    }

    package var encoded: [UInt8] {
        let object = JSONValue.object([
            ("bytes", .integer(Int(clamping: byteCount))),
            ("sha256", digest.map { .text($0.hex) } ?? .null),
            ("git", gitName.map { .text($0) } ?? .null),
            ("etag", validator.map { .text($0) } ?? .null),
            ("block_bytes", .integer(Int(clamping: blockByteCount))),
            ("done", .text(String(isDone.map { $0 ? "1" : "0" }))),
            ("verified", .flag(isVerified)),
        ])
        return Array((object.encoded + "\n").utf8)
    }

    /// - Returns: `nil` for what is no such record; then the file is fetched anew.
    package init?(decoding bytes: [UInt8]) {
        self.init(byteCount: 0, digest: nil, gitName: nil, validator: nil, blockByteCount: 0, isDone: [])
        guard (try? bytes.withUnsafeBytes({ try read($0) })) != nil, blockByteCount > 0 else { return nil }
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer) throws(JSONError) {
        var json = JSONReader<JSONError>(bytes, file: "record")
        try json.readObject { json, key throws(JSONError) in
            if try json.readNull() { return }
            switch key {
            case "bytes": byteCount = UInt64(clamping: try json.readInteger())
            case "sha256": digest = ContentDigest(hex: try json.readText())
            case "git": gitName = try json.readText()
            case "etag": validator = try json.readText()
            case "block_bytes": blockByteCount = UInt64(clamping: try json.readInteger())
            case "done": isDone = try json.readText().utf8.map { $0 == UInt8(ascii: "1") }
            case "verified": isVerified = try json.readBool()
            default: try json.skip()
            }
        }
        try json.finish()
    }
}
