// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import Hummingbird
import NIOCore

/// Events as server-sent events, until one side has enough.
enum EventStream {
    /// The event after which to begin: `?after=ID`, or what a client that returns had seen last.
    ///
    /// - Throws: ``APIError`` for what is no number.
    static func start(of request: Request) throws(APIError) -> UInt64? {
        let text =
            request.uri.queryParameters["after"].map(String.init)
            ?? request.headers.first { $0.name.canonicalName == "last-event-id" }?.value
        guard let text else { return nil }
        guard let id = UInt64(text, radix: 10) else {
            throw .invalid("“after” must be the number of an event", parameter: "after")
        }
        return id
    }

    /// - Parameter client: whose leaving ends the stream.
    static func response(_ events: AsyncStream<EventRecord>, for client: ClientConnection) -> Response {
        let body = ResponseBody { writer in
            let (pieces, continuation) = AsyncStream<ByteBuffer>.makeStream(
                bufferingPolicy: .bufferingNewest(Limits.eventsKeptMax))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await event in events {
                        continuation.yield(try ServerSentEvents.event(event, id: "\(event.id)"))
                    }
                    continuation.finish()
                }
                group.addTask {
                    await client.departure()
                    continuation.finish()
                }
                // Keeps what lies between from closing the connection.
                group.addTask {
                    while true {
                        continuation.yield(ServerSentEvents.comment)
                        try await Task.sleep(for: Limits.eventCommentInterval)
                    }
                }
                defer { group.cancelAll() }
                for await piece in pieces { try await writer.write(piece) }
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: ServerSentEvents.headers, body: body)
    }
}
