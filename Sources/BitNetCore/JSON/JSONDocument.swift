// SPDX-License-Identifier: MIT
import FoundationEssentials

/// Documents as this project writes them.
///
/// Keys in snake case (those of dictionaries stay as they are) and in one order, so that the same value is always
/// the same bytes.
package enum JSONDocument {
    /// One for all: making and setting up an encoder costs as much as writing a small document.
    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        return encoder
    }()

    /// - Throws: `EncodingError` if the value's type cannot be written.
    package static func bytes(_ value: some Encodable) throws -> [UInt8] { Array(try encoder.encode(value)) }

    /// - Throws: `EncodingError` if the value's type cannot be written.
    package static func text(_ value: some Encodable) throws -> String {
        String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
