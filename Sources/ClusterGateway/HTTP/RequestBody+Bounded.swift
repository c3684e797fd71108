// SPDX-License-Identifier: MIT
import BitNetCore
import Hummingbird
import NIOCore

extension Request {
    /// What the body holds.
    ///
    /// A length that is too large is refused before anything of it is read, or asked for.
    ///
    /// - Throws: ``APIError`` (400, 408, 413, 503), ``ClientGone``.
    func value<Value: Decodable & Sendable>(
        _ type: Value.Type, for context: ExchangeContext, upTo byteCountMax: Int = Limits.requestBodyBytesMax,
        within budget: ByteBudget = .bodies
    ) async throws -> Value {
        if let length = headers[.contentLength], Int(length, radix: 10).map({ $0 > byteCountMax }) ?? true {
            throw Self.tooLarge(byteCountMax)
        }
        context.client.wantsBody()
        let holding = budget.open(for: context.client, owner: context.owner)
        defer { budget.close(holding) }
        var whole = ByteBuffer()
        do {
            for try await piece in body {
                guard whole.readableBytes + piece.readableBytes <= byteCountMax else {
                    throw Self.tooLarge(byteCountMax)
                }
                try budget.take(piece.readableBytes, for: holding)
                whole.writeImmutableBuffer(piece)
            }
        } catch let error as APIError {
            throw error
        } catch {
            throw ClientGone()
        }
        if let refusal = context.client.cutOff { throw refusal }
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
