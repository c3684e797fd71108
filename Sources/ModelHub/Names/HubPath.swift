// SPDX-License-Identifier: MIT
import BitNetCore

/// The path of a file in a repository, which is safe to be one below a folder of ours.
package struct HubPath: Hashable, Sendable {
    package let text: String

    /// - Returns: `nil` for what leads elsewhere, is hidden, or is no name.
    package init?(_ text: String) {
        let names = text.split(separator: "/", omittingEmptySubsequences: false)
        guard names.count <= Limits.hubPathDepthMax, names.allSatisfy(Self.isName) else { return nil }
        self.text = text
    }

    /// Names that begin with a point are hidden, `.` and `..`: a model has none of them.
    private static func isName(_ name: Substring) -> Bool {
        (1...Limits.hubFileNameBytesMax).contains(name.utf8.count) && !name.hasPrefix(".")
            && name.unicodeScalars.allSatisfy { $0 != "\\" && PrintableText.isPrintable($0) }
    }

    /// The last name.
    package var name: String { text.split(separator: "/").last.map(String.init) ?? text }

    /// The folder, empty for a file that is in none.
    package var folder: String { text.lastIndex(of: "/").map { String(text[..<$0]) } ?? "" }

    /// As a part of an address: all but letters, digits and `-._~/` by their bytes' numbers.
    var encoded: String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { result, byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "/"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                result.append("%")
                result.append(digits[Int(truncatingIfNeeded: byte >> 4)])
                result.append(digits[Int(truncatingIfNeeded: byte & 15)])
            }
        }
    }
}

extension HubPath: Comparable {
    package static func < (left: HubPath, right: HubPath) -> Bool { left.text < right.text }
}
