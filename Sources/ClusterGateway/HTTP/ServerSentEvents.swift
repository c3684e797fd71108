// SPDX-License-Identifier: MIT
import BitNetCore
package import Hummingbird
import NIOCore

/// Server-sent events as bytes (HTML standard, 9.2).
package enum ServerSentEvents {
    package static let headers: HTTPFields = {
        var headers = HTTPFields()
        headers[.contentType] = "text/event-stream"
        headers[.cacheControl] = "no-cache"
        // nginx gathers answers otherwise, and a token comes when its buffer is full.
        if let name = HTTPFields.Element.Name("X-Accel-Buffering") { headers[name] = "no" }
        return headers
    }()

    /// What ends a stream of OpenAI's.
    package static let done = ByteBuffer(string: "data: [DONE]\n\n")

    /// One event of a value as JSON, which has no line breaks.
    ///
    /// - Parameter id: without line breaks; a client that returns sends it as `Last-Event-ID`.
    package static func event(_ value: some Encodable, id: String? = nil) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        if let id { buffer.writeString("id: \(id)\n") }
        buffer.writeString("data: ")
        buffer.writeBytes(try JSONDocument.bytes(value))
        buffer.writeString("\n\n")
        return buffer
    }

    /// A line that clients skip; it keeps connections alive and shows who has left.
    package static let comment = ByteBuffer(string: ":\n\n")
}
