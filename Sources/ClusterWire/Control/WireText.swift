// SPDX-License-Identifier: MIT

import BitNetCore

/// What text on the wire may look like.
enum WireText {
    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }

    static func isAllowedInProse(_ scalar: Unicode.Scalar) -> Bool {
        !isControl(scalar) || scalar == "\n" || scalar == "\t"
    }

    /// `text` as a peer will take it: messages quote paths and peers' names, so they are cut and cleaned
    /// rather than trusted to be short and printable.
    static func prose(_ text: String, bytesMax: Int = Limits.messageBytesMax) -> String {
        var kept = ""
        var byteCount = 0
        for scalar in text.unicodeScalars {
            let shown = isAllowedInProse(scalar) ? scalar : "?"
            byteCount += UTF8.width(shown)
            guard byteCount <= bytesMax else { break }
            kept.unicodeScalars.append(shown)
        }
        return kept
    }

    /// `text` as a peer will take it for a name: what the system tells of itself may be anything.
    static func name(_ text: String) -> String {
        var kept = ""
        for scalar in text.unicodeScalars where !isControl(scalar) {
            guard kept.utf8.count + UTF8.width(scalar) <= Limits.nameBytesMax else { break }
            kept.unicodeScalars.append(scalar)
        }
        return kept
    }
}
