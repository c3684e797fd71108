// SPDX-License-Identifier: MIT
import BitNetCore

/// A model of a hub as people write it: `OWNER/NAME`, `OWNER/NAME:FILE`, `OWNER/NAME@REVISION:FILE`.
package struct HubReference: Equatable, Sendable {
    package let owner: String
    package let name: String
    /// A branch, a tag or a commit.
    package let revision: String
    /// A file's path or name, a quantisation, or what is the only model there.
    package let choice: String?

    /// - Parameter text: with ``HubScheme/prefix`` or without.
    package init(parsing text: String) throws(HubError) {
        let plain = HubScheme.isPrefix(of: text) ? text.dropFirst(HubScheme.prefix.count) : text[...]
        let parts = plain.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let place = parts.first ?? ""
        let revised = place.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let names = (revised.first ?? "").split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2, let owner = names.first, let name = names.last,
            [owner, name].allSatisfy(Self.isName)
        else {
            throw HubError(
                "“\(text)” is no model of a hub; write OWNER/NAME, OWNER/NAME:FILE or OWNER/NAME:QUANTISATION, of "
                    + "letters, digits, “-”, “_” and “.”")
        }
        let revision = revised.count > 1 ? revised[1] : "main"
        guard Self.isName(revision) else {
            throw HubError(
                "“\(revision)” in “\(text)” is no revision; write a branch, a tag or a commit without “/”")
        }
        let choice = parts.count > 1 ? parts[1] : nil
        guard choice?.isEmpty != true else {
            throw HubError("“\(text)” ends with a colon; write a file's name behind it, or leave it out")
        }
        self.owner = String(owner)
        self.name = String(name)
        self.revision = String(revision)
        self.choice = choice.map(String.init)
    }

    /// What no folder's name and no part of an address can be mistaken with.
    private static func isName(_ text: Substring) -> Bool {
        (1...Limits.hubNameBytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
            && !text.hasPrefix(".") && !text.hasPrefix("-") && !text.contains("..") && !text.contains("--")
    }

    /// `OWNER/NAME`.
    package var repository: String { "\(owner)/\(name)" }

    /// Where its files are listed, from the hub's address.
    package var listingPath: String { "/api/models/\(owner)/\(name)/tree/\(revision)?recursive=1" }

    /// Where a file is, from the hub's address.
    func resolvePath(_ file: HubPath) -> String { "/\(owner)/\(name)/resolve/\(revision)/\(file.encoded)" }
}

extension HubReference: CustomStringConvertible {
    package var description: String {
        repository + (revision == "main" ? "" : "@\(revision)") + (choice.map { ":\($0)" } ?? "")
    }
}
