// SPDX-License-Identifier: MIT
import BitNetCore
package import Hummingbird

/// The name of one request in responses, logs and on workers.
package enum RequestID {
    /// `X-Request-Id`.
    package static let field: HTTPFields.Element.Name = {
        guard let name = HTTPFields.Element.Name("X-Request-Id") else {
            preconditionFailure("X-Request-Id is a field's name")
        }
        return name
    }()

    /// The client's, if it can stand in a log as it is, else a new one.
    package static func of(_ headers: HTTPFields) -> String {
        guard let given = headers[field], isFit(given) else { return made() }
        return given
    }

    static func isFit(_ text: String) -> Bool {
        (1...Limits.nameBytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// The name of one of several generations of a request, within the same bound.
    static func part(_ index: Int, of id: String) -> String {
        let suffix = "-\(index)"
        return id.prefix(Limits.nameBytesMax - suffix.utf8.count) + suffix
    }

    /// 24 letters and digits.
    static func made() -> String {
        let letters = Array("0123456789abcdefghijklmnopqrstuvwxyz")
        return String((0..<24).map { _ in letters[Int.random(in: letters.indices)] })
    }
}
