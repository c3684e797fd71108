// SPDX-License-Identifier: MIT
import BitNetCore
import OperatorLogic
import Testing

@Suite struct ServerSentEventTests {
    private static let stream =
        "\u{FEFF}: greeting\nid: 7\nevent: x\ndata: one\ndata:two\n\n\ndata\r\rretry: 5\r\nid: a\0b\r\ndata: drei: é\r\n\r\n"
    private static let events = [
        ServerSentEvent(id: "7", data: "one\ntwo"), ServerSentEvent(id: "7", data: ""),
        ServerSentEvent(id: "7", data: "drei: é"),
    ]

    @Test func `a stream is the same however it is cut`() throws {
        let bytes = Array(Self.stream.utf8)
        for cut in 0...bytes.count {
            var reader = ServerSentEvents()
            let events = try reader.read(bytes[..<cut]) + reader.read(bytes[cut...])
            #expect(events == Self.events, "cut at \(cut)")
        }
        var reader = ServerSentEvents()
        var events: [ServerSentEvent] = []
        for byte in bytes { events += try reader.read([byte]) }
        #expect(events == Self.events)
    }

    @Test func `an event may be as large as the limit, and no larger`() throws {
        func stream(_ count: Int) -> [UInt8] {
            Array("data:".utf8) + [UInt8](repeating: 0x61, count: count - 5) + Array("\n\n".utf8)
        }
        var reader = ServerSentEvents()
        let events = try reader.read(stream(Limits.serverSentEventBytesMax))
        #expect(events.count == 1)
        #expect(throws: StreamError.self) {
            var reader = ServerSentEvents()
            _ = try reader.read(stream(Limits.serverSentEventBytesMax + 1))
        }
        #expect(throws: StreamError.self) {
            var reader = ServerSentEvents()
            for _ in 0...Limits.serverSentEventBytesMax { _ = try reader.read("data:a\n".utf8) }
        }
    }
}
