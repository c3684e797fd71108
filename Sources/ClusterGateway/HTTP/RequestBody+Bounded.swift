// SPDX-License-Identifier: MIT
import BitNetCore
import Hummingbird
import NIOCore
import NIOHTTP1

extension Request {
    /// What the body holds.
    ///
    /// A length that is too large is refused before anything of it is read.
    ///
    /// - Throws: ``APIError`` (400, 413, 503), ``ClientGone``.
    func value<Value: Decodable & Sendable>(
        _ type: Value.Type, upTo byteCountMax: Int = Limits.requestBodyBytesMax,
        within budget: BodyBudget = .shared
    ) async throws -> Value {
        if let length = headers[.contentLength], Int(length, radix: 10).map({ $0 > byteCountMax }) ?? true {
            throw Self.tooLarge(byteCountMax)
        }
        var heldByteCount = 0
        defer { budget.give(back: heldByteCount) }
        var whole = ByteBuffer()
        do {
            for try await piece in body {
                guard whole.readableBytes + piece.readableBytes <= byteCountMax else {
                    throw Self.tooLarge(byteCountMax)
                }
                try budget.take(piece.readableBytes)
                heldByteCount += piece.readableBytes
                whole.writeImmutableBuffer(piece)
            }
        } catch let error as APIError {
            throw error
        } catch let error as HTTPParserError {
            throw APIError.invalid("the body is not HTTP/1.1: \(error)")
        } catch {
            throw ClientGone()
        }
        return try await RequestThreads.run(for: whole.readableBytes) { [whole] in
            try JSON.value(type, from: whole)
        }
    }

    private static func tooLarge(_ byteCountMax: Int) -> APIError {
        APIError(
            .contentTooLarge, "the body is larger than \(byteCountMax) bytes: send less at a time",
            type: "invalid_request_error", code: "request_too_large")
    }
}
