// SPDX-License-Identifier: MIT
package import Hummingbird
import NIOCore
import NIOHTTP1

extension Request {
    /// The whole body; a length that is too large is refused before anything of it is read.
    ///
    /// - Throws: ``APIError`` (413) for more than `byteCountMax` bytes, ``ClientGone``.
    package func body(upTo byteCountMax: Int) async throws -> ByteBuffer {
        if let length = headers[.contentLength], Int(length).map({ $0 > byteCountMax }) ?? true {
            throw Self.tooLarge(byteCountMax)
        }
        var whole = ByteBuffer()
        do {
            for try await piece in body {
                guard whole.readableBytes + piece.readableBytes <= byteCountMax else {
                    throw Self.tooLarge(byteCountMax)
                }
                whole.writeImmutableBuffer(piece)
            }
        } catch let error as APIError {
            throw error
        } catch let error as HTTPParserError {
            throw APIError.invalid("the body is not HTTP/1.1: \(error)")
        } catch {
            throw ClientGone()
        }
        return whole
    }

    private static func tooLarge(_ byteCountMax: Int) -> APIError {
        APIError(
            .contentTooLarge, "the body is larger than \(byteCountMax) bytes: send less at a time",
            type: "invalid_request_error", code: "request_too_large")
    }
}
