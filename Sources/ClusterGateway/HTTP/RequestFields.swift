// SPDX-License-Identifier: MIT

import BitNetCore
import Hummingbird
import NIOCore

/// Reads the fields of a request's JSON object, and refuses by name what is not as it should be.
///
/// `null` is the same as absence. Fields that nobody asks for are skipped.
struct RequestFields {
    private let container: KeyedDecodingContainer<FieldName>
    /// `messages[2]` for an object inside a request.
    private let path: String?
    /// The text of it all.
    private let body: ByteBuffer?

    init(_ decoder: any Decoder) throws {
        path = APIError.path(decoder.codingPath)
        body = CodingUserInfoKey.body.flatMap { decoder.userInfo[$0] as? ByteBuffer }
        do {
            container = try decoder.container(keyedBy: FieldName.self)
        } catch {
            throw APIError.invalid(
                path.map { "“\($0)” must be an object" } ?? "the body must be a JSON object", parameter: path)
        }
    }

    /// How the field is called in errors.
    func name(_ field: String) -> String { path.map { "\($0).\(field)" } ?? field }

    func invalid(_ field: String, _ must: String) -> APIError {
        .invalid("“\(name(field))” \(must)", parameter: name(field))
    }

    func has(_ field: String) -> Bool {
        (try? container.decodeNil(forKey: FieldName(field))) == false
    }

    /// - Parameter must: completes the error “`field` …”.
    func value<Value: Decodable>(_ field: String, as type: Value.Type, must: String) throws -> Value? {
        guard has(field) else { return nil }
        do {
            return try container.decode(type, forKey: FieldName(field))
        } catch let error as APIError {
            throw error
        } catch {
            throw invalid(field, must)
        }
    }

    func text(_ field: String) throws -> String? {
        try value(field, as: String.self, must: "must be a string")
    }

    /// The string, or `nil` if something else stands there.
    func word(_ field: String) -> String? {
        try? container.decode(String.self, forKey: FieldName(field))
    }

    func flag(_ field: String) throws -> Bool? {
        try value(field, as: Bool.self, must: "must be true or false")
    }

    /// The flag, or `nil` if something else stands there.
    func flagIfAny(_ field: String) -> Bool? {
        try? container.decode(Bool.self, forKey: FieldName(field))
    }

    /// A number of tokens; other servers' -1 is as many as there is room for.
    func tokenCount(_ field: String, from lowest: Int) throws -> Int? {
        let most = Int(clamping: Int32.max)
        if (try? container.decode(Int.self, forKey: FieldName(field))) == -1 { return most }
        return try integer(field, in: lowest...most)
    }

    func integer(_ field: String, in range: ClosedRange<Int>) throws -> Int? {
        let must = "must be an integer of \(range.lowerBound)…\(range.upperBound)"
        guard let value = try value(field, as: Int.self, must: must) else { return nil }
        guard range.contains(value) else { throw invalid(field, must) }
        return value
    }

    func number(_ field: String, in range: ClosedRange<Double>) throws -> Double? {
        let must = "must be a number of \(range.lowerBound)…\(range.upperBound)"
        guard let value = try value(field, as: Double.self, must: must) else { return nil }
        guard range.contains(value) else { throw invalid(field, must) }
        return value
    }

    /// A string or strings.
    func texts(_ field: String) throws -> [String]? {
        let must = "must be a string or an array of strings"
        return try value(field, as: Texts.self, must: must)?.texts
    }

    /// A field of the request itself, as it stands in the text: decoders forget in which order keys are written.
    func writtenValue(_ field: String) throws -> JSONValue? {
        guard has(field), path == nil, let body else { return nil }
        return try body.withUnsafeReadableBytes { bytes in
            do throws(JSONError) {
                var value: JSONValue?
                var json = JSONReader<JSONError>(bytes, file: "the body", depthMax: Limits.jsonBodyDepthMax)
                try json.readObject { json, key throws(JSONError) in
                    if key == field { value = try json.readValue() } else { try json.skip() }
                }
                guard value?.depth ?? 0 <= Limits.jsonDepthMax else {
                    throw json.unexpected("at most \(Limits.jsonDepthMax) values inside each other in it")
                }
                return value
            } catch {
                throw self.invalid(field, "cannot be taken: found \(error.found), expected \(error.expected)")
            }
        }
    }

    func isEmptyList(_ field: String) -> Bool {
        (try? container.nestedUnkeyedContainer(forKey: FieldName(field)))?.isAtEnd ?? false
    }

    /// Refuses what this server cannot do, unless it is asked not to be done.
    func refuse(_ field: String, _ reason: String) throws {
        guard has(field) else { return }
        if let isOn = flagIfAny(field), !isOn { return }
        if isEmptyList(field) { return }
        throw APIError(
            .badRequest, "“\(name(field))” is not supported: \(reason)", type: "invalid_request_error",
            parameter: name(field), code: "unsupported_parameter")
    }
}

/// The name of a field, or a place in an array.
struct FieldName: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ name: String) {
        stringValue = name
        intValue = nil
    }

    init?(stringValue: String) {
        self.init(stringValue)
    }

    init?(intValue: Int) {
        stringValue = "\(intValue)"
        self.intValue = intValue
    }
}

private struct Texts: Decodable {
    let texts: [String]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            texts = [text]
        } else {
            texts = try container.decode([String].self)
        }
    }
}
