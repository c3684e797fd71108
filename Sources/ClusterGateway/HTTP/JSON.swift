// SPDX-License-Identifier: MIT
import BitNetCore
import FoundationEssentials
package import Hummingbird
import NIOCore

/// JSON in requests and responses.
package enum JSON {
    package static func response(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = .init()
    ) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: buffer(value)))
    }

    /// A value whose type can always be written.
    package static func buffer(_ value: some Encodable) -> ByteBuffer {
        do {
            return ByteBuffer(bytes: try JSONDocument.bytes(value))
        } catch {
            preconditionFailure("a document cannot be written as JSON: \(error.words)")
        }
    }

    /// - Throws: ``APIError`` (400) that names the place or the field.
    package static func value<Value: Decodable>(
        _ type: Value.Type, from buffer: ByteBuffer
    ) throws(APIError) -> Value {
        do {
            let decoder = JSONDecoder()
            if let body = CodingUserInfoKey.body { decoder.userInfo[body] = buffer }
            return try decoder.decode(type, from: Data(buffer.readableBytesView))
        } catch {
            // A field is what is refused only if the text is what it should be: a string may be none for what it holds.
            if let fault = fault(in: buffer) { throw .invalid("the body is not JSON: \(fault)") }
            switch error {
            case let error as APIError: throw error
            case let error as DecodingError: throw APIError(error)
            default: throw .invalid("the body cannot be read")
            }
        }
    }

    /// Where a text stops being JSON, which its decoder does not tell; `nil` if it is JSON.
    fileprivate static func fault(in body: ByteBuffer) -> String? {
        if let name = compression(of: body) { return "it is compressed (\(name)): send it as it is" }
        guard String(validating: body.readableBytesView, as: UTF8.self) != nil else {
            return "it is not UTF-8"
        }
        return body.withUnsafeReadableBytes { bytes in
            do throws(JSONError) {
                var json = JSONReader<JSONError>(bytes, file: "the body", depthMax: Limits.jsonBodyDepthMax)
                try json.skip()
                try json.finish()
                return nil
            } catch {
                let before = bytes[..<error.offset]
                let line = 1 + before.count { $0 == UInt8(ascii: "\n") }
                let column = 1 + before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count
                return "found \(error.found), expected \(error.expected) at line \(line), byte \(column)"
            }
        }
    }
}

extension JSON {
    /// What a body was compressed with; `nil` if it was not.
    private static func compression(of body: ByteBuffer) -> String? {
        let kinds: [(name: String, beginning: [UInt8])] = [
            ("gzip", [0x1F, 0x8B]), ("zstd", [0x28, 0xB5, 0x2F, 0xFD]), ("deflate", [0x78, 0x01]),
            ("deflate", [0x78, 0x9C]), ("deflate", [0x78, 0xDA]),
        ]
        return kinds.first { body.readableBytesView.starts(with: $0.beginning) }?.name
    }
}

extension CodingUserInfoKey {
    /// The text that is decoded (`ByteBuffer`); decoders forget in which order its keys stand.
    static let body = CodingUserInfoKey(rawValue: "body")
}

/// A value whose absence is written as `null`.
package struct Nullable<Value: Encodable & Sendable>: Encodable, Sendable {
    package var value: Value?

    package init(_ value: Value?) {
        self.value = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value { try container.encode(value) } else { try container.encodeNil() }
    }
}

extension APIError {
    /// A field that is missing or of another type.
    init(_ error: DecodingError) {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            let path = Self.path(context.codingPath)
            self = .invalid(
                path.map { "“\($0)” has another type: \(context.debugDescription)" }
                    ?? "the body must be a JSON object",
                parameter: path)
        case .keyNotFound(let key, let context):
            let path = Self.path(context.codingPath + [key])
            self = .invalid("“\(path ?? "?")” is missing", parameter: path)
        case .dataCorrupted(let context):
            let path = Self.path(context.codingPath)
            self = .invalid(
                path.map { "“\($0)” cannot be read: \(context.debugDescription)" }
                    ?? "the body is not JSON: \(context.debugDescription)",
                parameter: path)
        @unknown default:
            self = .invalid("the body cannot be read")
        }
    }

    /// `messages[2].content`.
    static func path(_ keys: [any CodingKey]) -> String? {
        guard !keys.isEmpty else { return nil }
        return keys.reduce(into: "") { path, key in
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
    }
}
