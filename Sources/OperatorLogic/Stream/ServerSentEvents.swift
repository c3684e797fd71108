// SPDX-License-Identifier: MIT
import BitNetCore

/// One event of a stream.
package struct ServerSentEvent: Equatable, Sendable {
    package var id: String?
    package var data: String

    package init(id: String? = nil, data: String) {
        self.id = id
        self.data = data
    }
}

/// Bytes to server-sent events, as HTML §9.2.6 has it; bytes may come in any pieces.
package struct ServerSentEvents: Sendable {
    private var line: [UInt8] = []
    private var endedInReturn = false
    private var isFirstLine = true
    private var data: [UInt8]?
    private var id: String?

    package init() {}

    /// The events that `bytes` complete.
    ///
    /// - Throws: if an event is larger than `Limits.serverSentEventBytesMax`.
    package mutating func read(_ bytes: some Sequence<UInt8>) throws(StreamError) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            defer { endedInReturn = byte == UInt8(ascii: "\r") }
            switch byte {
            case UInt8(ascii: "\n") where endedInReturn: continue
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): endLine(&events)
            default: line.append(byte)
            }
            guard line.count + (data?.count ?? 0) <= Limits.serverSentEventBytesMax else {
                throw StreamError(
                    message: "the stream's event is larger than \(Limits.serverSentEventBytesMax) bytes")
            }
        }
        return events
    }

    private mutating func endLine(_ events: inout [ServerSentEvent]) {
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let content = isFirstLine && line.starts(with: byteOrderMark) ? line.dropFirst(3) : line[...]
        isFirstLine = false
        defer { line.removeAll(keepingCapacity: true) }
        guard !content.isEmpty else {
            if let data {
                events.append(ServerSentEvent(id: id, data: String(decoding: data, as: UTF8.self)))
            }
            data = nil
            return
        }
        let colon = content.firstIndex(of: UInt8(ascii: ":")) ?? content.endIndex
        var value = content[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        switch String(decoding: content[..<colon], as: UTF8.self) {
        case "data": data = data.map { $0 + [UInt8(ascii: "\n")] + value } ?? Array(value)
        case "id": if !value.contains(0) { id = String(decoding: value, as: UTF8.self) }
        default: break
        }
    }
}

/// A stream that cannot be read.
package struct StreamError: RemediableError, Equatable {
    package let message: String
}
