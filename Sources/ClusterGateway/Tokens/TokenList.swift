// SPDX-License-Identifier: MIT
import BitNetCore
import Hummingbird
import NIOCore

/// The answer of `POST /tokenize`.
///
/// A long one is written piece by piece, as its client takes it: what is told of a token with its text is ten times
/// what it was in the request.
struct TokenList: Sendable {
    let tokens: [UInt32]
    /// Whose bytes stand beside each token; `nil` for numbers only.
    let generator: (any TextGenerator)?

    func response(
        for context: ExchangeContext, atATime: Int = Limits.answerTokensAtATime,
        within budget: ByteBudget = .answers
    ) async throws -> Response {
        let headers: HTTPFields = [.contentType: "application/json"]
        guard tokens.count > atATime else {
            let body = try await RequestThreads.run(for: tokens.count * 16) { piece(tokens[...]) }
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
        }
        let held = HeldBytes(budget.open(for: context.client, owner: context.owner), of: budget)
        try held.take(tokens.count * MemoryLayout<UInt32>.size)
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                for start in stride(from: 0, to: tokens.count, by: atATime) {
                    let part = tokens[start..<min(start + atATime, tokens.count)]
                    let bytes = try await RequestThreads.run(for: Limits.smallRequestBytesMax + 1) {
                        piece(part)
                    }
                    try await writer.write(bytes)
                    held.sent(part.count * MemoryLayout<UInt32>.size)
                }
                try await writer.finish(nil)
            })
    }

    /// The bytes of some of the tokens, with what stands before the first and behind the last of all.
    private func piece(_ part: ArraySlice<UInt32>) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(part.count * (generator == nil ? 8 : 40))
        if part.startIndex == 0 { buffer.writeString(#"{"tokens":["#) }
        for (index, token) in zip(part.indices, part) {
            if index > 0 { buffer.writeString(",") }
            guard let generator else {
                buffer.writeString(String(token))
                continue
            }
            buffer.writeString(#"{"id":\#(token),"piece":"#)
            let bytes = generator.bytes(of: token)
            // What is no text by itself is told as bytes.
            if let text = String(validating: bytes, as: UTF8.self) {
                buffer.write(json: text)
            } else {
                buffer.writeString("[\(bytes.map(String.init).joined(separator: ","))]")
            }
            buffer.writeString("}")
        }
        if part.endIndex == tokens.count { buffer.writeString("]}") }
        return buffer
    }
}

extension ByteBuffer {
    /// A string of JSON (RFC 8259, 7).
    fileprivate mutating func write(json text: String) {
        writeString("\"")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): writeString("\\\"")
            case UInt8(ascii: "\\"): writeString("\\\\")
            case 0x08: writeString("\\b")
            case 0x0C: writeString("\\f")
            case UInt8(ascii: "\n"): writeString("\\n")
            case UInt8(ascii: "\r"): writeString("\\r")
            case UInt8(ascii: "\t"): writeString("\\t")
            case 0..<0x20: writeString("\\u00" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16))
            default: writeInteger(byte)
            }
        }
        writeString("\"")
    }
}
