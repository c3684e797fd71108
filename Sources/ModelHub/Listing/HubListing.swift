// SPDX-License-Identifier: MIT
import BitNetCore

/// The files of a repository, gathered from the pages of its listing.
///
/// A page is a list of objects with `type`, `path`, `size`, `oid` and, for a large file, `lfs.oid`, its SHA-256.
package struct HubListing: Equatable, Sendable {
    package private(set) var files: [HubFile] = []
    /// How many entries had names that no file here could have; they are never asked for.
    package private(set) var refusedCount = 0

    package init() {}

    package init(_ files: [HubFile]) {
        self.files = files
    }

    /// Takes a page.
    ///
    /// - Parameter origin: names it in messages.
    /// - Throws: ``JSONError``, or ``HubError`` for a repository that has too many files.
    package mutating func add(page: [UInt8], origin: String) throws {
        try page.withUnsafeBytes { bytes in
            var json = JSONReader<JSONError>(bytes, file: origin)
            var entries: [Entry] = []
            try json.readArray { json throws(JSONError) in entries.append(try Entry(&json)) }
            try json.finish()
            for entry in entries where entry.isFile {
                guard let path = HubPath(entry.path), let size = entry.byteCount,
                    size <= Limits.hubFileBytesMax
                else {
                    refusedCount += 1
                    continue
                }
                files.append(HubFile(path, byteCount: size, digest: entry.digest, gitName: entry.gitName))
            }
        }
        guard files.count <= Limits.hubFilesMax else {
            throw HubError("\(origin) lists more than \(Limits.hubFilesMax) files")
        }
    }

    /// The next page's address, from an answer's `Link` header: `<ADDRESS>; rel="next"`.
    package static func next(link: String?) -> String? {
        link?.split(separator: ",").lazy.compactMap { part -> String? in
            guard let match = part.firstMatch(of: /<([^>]*)>\s*;(.*)/),
                match.output.2.contains(/rel="?next"?/)
            else { return nil }
            return String(match.output.1)
        }.first
    }
}

private struct Entry {
    var isFile = false
    var path = ""
    var byteCount: UInt64?
    var digest: ContentDigest?
    var gitName: String?

    init(_ json: inout JSONReader<JSONError>) throws(JSONError) {
        try json.readObject { json, key throws(JSONError) in
            switch key {
            case "type": isFile = try json.readText() == "file"
            case "path": path = try json.readText()
            case "size": byteCount = UInt64(exactly: try json.readInteger())
            case "oid": gitName = try json.readText()
            case "lfs" where try json.peek() == .object:
                try json.readObject { json, key throws(JSONError) in
                    switch key {
                    case "oid": digest = ContentDigest(hex: try json.readText())
                    case "size": byteCount = UInt64(exactly: try json.readInteger())
                    default: try json.skip()
                    }
                }
            default: try json.skip()
            }
        }
        // Of a large file git knows a few lines that point to it.
        if digest != nil { gitName = nil }
        if gitName?.wholeMatch(of: /[0-9a-f]{40}/) == nil { gitName = nil }
    }
}
