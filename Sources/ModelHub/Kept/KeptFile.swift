// SPDX-License-Identifier: MIT
import BitNetCore

/// A file that is fetched or was: `NAME`, or `NAME.partial` until all of it is there, and `NAME.pulled`, which says how
/// far it is.
struct KeptFile: Sendable {
    static let recordSuffix = ".pulled"

    let path: String
    let blockByteCount: UInt64

    var partialPath: String { path + ".partial" }
    private var recordPath: String { path + Self.recordSuffix }
    var folder: String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "." }

    /// What is noted; `nil` if nothing is, or nothing that can be read.
    var record: DownloadRecord? {
        guard let bytes = try? SmallFile.bytes(recordPath, bytesMax: Limits.hubRecordBytesMax) else {
            return nil
        }
        return DownloadRecord(decoding: bytes)
    }

    func write(_ record: DownloadRecord) throws(FileError) {
        try OutputFile.write(record.encoded, to: recordPath)
    }

    /// Whether it is whole and was compared with its digest when it came.
    var isComplete: Bool {
        guard let record, record.isVerified else { return false }
        return FileSystem.byteCount(of: path, followsLinks: false) == record.byteCount
    }

    func removePartial() {
        FileSystem.remove(partialPath)
        FileSystem.remove(recordPath)
    }

    /// - Returns: the bytes that were freed.
    func remove() -> UInt64 {
        let bytes = [path, partialPath].reduce(UInt64(0)) { sum, path in
            let byteCount = FileSystem.byteCount(of: path, followsLinks: false) ?? 0
            return FileSystem.remove(path) ? sum + byteCount : sum
        }
        FileSystem.remove(recordPath)
        return bytes
    }
}
