// SPDX-License-Identifier: MIT

/// What a key of a live screen does.
package enum TopKey: Equatable, Sendable {
    case quit
    case pause
    case slower
    case faster
    case help
    case up
    case down

    /// The keys in what a terminal sent at once; others are skipped.
    package static func keys(in bytes: some Sequence<UInt8>) -> [TopKey] {
        var keys: [TopKey] = []
        var rest = Array(bytes)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "q"), UInt8(ascii: "Q"): keys.append(.quit)
            case UInt8(ascii: "p"), UInt8(ascii: " "): keys.append(.pause)
            case UInt8(ascii: "+"), UInt8(ascii: "="): keys.append(.slower)
            case UInt8(ascii: "-"): keys.append(.faster)
            case UInt8(ascii: "h"), UInt8(ascii: "?"): keys.append(.help)
            case UInt8(ascii: "k"): keys.append(.up)
            case UInt8(ascii: "j"): keys.append(.down)
            case 0x1B where rest.first == UInt8(ascii: "[") || rest.first == UInt8(ascii: "O"):
                rest = rest.dropFirst()
                // Parameters of a control sequence, then its last byte: ECMA-48 §5.4.
                rest = rest.drop { (0x20...0x3F).contains($0) }
                switch rest.popFirst() {
                case UInt8(ascii: "A"): keys.append(.up)
                case UInt8(ascii: "B"): keys.append(.down)
                default: break
                }
            default: break
            }
        }
        return keys
    }
}
