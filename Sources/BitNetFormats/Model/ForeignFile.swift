// SPDX-License-Identifier: MIT

/// What a file is whose name promises something else, told by its first bytes.
enum ForeignFile {
    private struct Kind {
        let beginning: [UInt8]
        let name: String
        let remedy: String
    }

    private static let archive = "unpack it, and give what is inside"

    private static let kinds = [
        Kind(beginning: [0x1F, 0x8B], name: "gzip data", remedy: archive),
        Kind(beginning: [0x28, 0xB5, 0x2F, 0xFD], name: "zstd data", remedy: archive),
        Kind(beginning: [0xFD] + Array("7zXZ".utf8), name: "xz data", remedy: archive),
        Kind(beginning: Array("BZh".utf8), name: "bzip2 data", remedy: archive),
        Kind(beginning: [0x37, 0x7A, 0xBC, 0xAF], name: "a 7z archive", remedy: archive),
        Kind(
            beginning: Array("PK\u{3}\u{4}".utf8), name: "a zip archive or a checkpoint of PyTorch",
            remedy: "unpack it, or use the model's GGUF or safetensors files"),
        Kind(beginning: Array("<!DOCTYPE".utf8), name: "a web page", remedy: page),
        Kind(beginning: Array("<!doctype".utf8), name: "a web page", remedy: page),
        Kind(beginning: Array("<html".utf8), name: "a web page", remedy: page),
        Kind(beginning: Array("lmgg".utf8), name: "a GGML file", remedy: old),
        Kind(beginning: Array("tjgg".utf8), name: "a GGML file", remedy: old),
        Kind(beginning: Array("fmgg".utf8), name: "a GGML file", remedy: old),
    ]

    private static let page =
        "the site sent a page in place of the file, perhaps to ask for a login; download the file again"
    private static let old =
        "this format is older than GGUF; convert the model again with a current llama.cpp"

    /// - Throws: ``ModelFileError`` if the bytes are of something that is often found under a model's name.
    static func refuse(
        _ bytes: UnsafeRawBufferPointer, file: String, expected: String
    ) throws(ModelFileError) {
        guard !bytes.isEmpty else {
            throw ModelFileError(
                .truncated, file: file, found: "an empty file", expected: expected,
                remedy: "the download was not finished; download it again")
        }
        if let pointer = LargeFilePointer(bytes) {
            throw ModelFileError(
                .otherKind, file: file, found: "a Git LFS pointer of \(bytes.count) bytes",
                expected: expected + (pointer.byteCount.map { " of \($0) bytes" } ?? ""),
                remedy:
                    "it only names the file: run “git lfs pull” in its directory, or download the file itself"
            )
        }
        guard let kind = kinds.first(where: { bytes.starts(with: $0.beginning) }) else { return }
        throw ModelFileError(
            .otherKind, file: file, offset: 0, found: kind.name, expected: expected, remedy: kind.remedy)
    }
}

/// What Git has in place of a large file: a few lines that name it.
private struct LargeFilePointer {
    /// Of the file that is meant; `nil` if it is not said.
    let byteCount: String?

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.starts(with: Array("version https://git-lfs.github.com/spec/".utf8)) else { return nil }
        // The format allows no more than 1024 bytes.
        let lines = String(decoding: bytes.prefix(1024), as: UTF8.self).split(separator: "\n")
        let size = lines.first { $0.hasPrefix("size ") }?.dropFirst(5)
        byteCount = size.flatMap { $0.count <= 20 && $0.allSatisfy(\.isNumber) ? String($0) : nil }
    }
}
