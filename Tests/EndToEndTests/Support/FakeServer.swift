// SPDX-License-Identifier: MIT
import Foundation
import Glibc
import Synchronization

/// An HTTP server on 127.0.0.1 that answers what a test says; a thread for the listener and one for each connection.
final class FakeServer: Sendable {
    struct Request: Sendable {
        /// Such as `GET /v1/status`.
        var line: String
        var headers: [String: String]
        var body: String
    }

    enum Answer: Sendable {
        case document(String, status: Int = 200)
        /// Server-sent events, each with the time before it; then the connection is closed, or left open.
        case stream([String], pause: Duration = .zero, staysOpen: Bool = false)
        /// Nothing at all.
        case silence
        /// The connection is closed in the midst of a document.
        case torn
    }

    let port: Int
    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { log.withLock { $0 } }

    private let listener: Int32
    private let log = Mutex<[Request]>([])
    private let open = Mutex<[Int32]?>([])
    private let answer: @Sendable (Request) -> Answer

    init(_ answer: @escaping @Sendable (Request) -> Answer) throws {
        self.answer = answer
        (listener, port) = try LocalSocket.listen()
        Self.thread { [weak self, listener] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                guard let self else {
                    close(connection)
                    return
                }
                open.withLock { $0?.append(connection) }
                Self.thread { [weak self] in
                    while let request = Self.read(connection), self?.serve(request, connection) == true {}
                }
            }
        }
    }

    /// Takes no connection any more and ends all.
    func stop() {
        let connections = open.withLock { $0.take() }
        guard let connections else { return }
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        for connection in connections {
            shutdown(connection, Int32(SHUT_RDWR))
            close(connection)
        }
    }

    deinit { stop() }

    /// Whether the connection goes on.
    private func serve(_ request: Request, _ connection: Int32) -> Bool {
        log.withLock { $0.append(request) }
        switch answer(request) {
        case .document(let text, let status):
            Self.write(
                "HTTP/1.1 \(status) X\r\ncontent-type: application/json\r\ncontent-length: \(text.utf8.count)\r\n\r\n\(text)",
                connection)
            return true
        case .stream(let events, let pause, let staysOpen):
            Self.write(
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n", connection)
            for event in events {
                usleep(useconds_t(pause.components.attoseconds / 1_000_000_000_000))
                Self.write("data: \(event)\n\n", connection)
            }
            if !staysOpen { shutdown(connection, Int32(SHUT_RDWR)) }
            return false
        case .silence: return false
        case .torn:
            Self.write("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"cluster\":", connection)
            shutdown(connection, Int32(SHUT_RDWR))
            return false
        }
    }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.firstRange(of: "\r\n\r\n") {
                let head = text[..<end.lowerBound].split(separator: "\r\n").map(String.init)
                let pairs = head.dropFirst().compactMap { line -> (String, String)? in
                    guard let colon = line.firstIndex(of: ":") else { return nil }
                    let value = line[colon...].dropFirst().drop { $0 == " " }
                    return (line[..<colon].lowercased(), String(value))
                }
                let headers = Dictionary(pairs) { $1 }
                let body = String(text[end.upperBound...])
                if body.utf8.count >= Int(headers["content-length"] ?? "0") ?? 0 {
                    let line = head.first?.split(separator: " ").prefix(2).joined(separator: " ") ?? ""
                    return Request(line: line, headers: headers, body: body)
                }
            }
            let count = Glibc.read(connection, &chunk, chunk.count)
            guard count > 0 else { return nil }
            bytes += chunk.prefix(count)
        }
    }

    private static func write(_ text: String, _ connection: Int32) {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                send(
                    connection, buffer.baseAddress?.advanced(by: done), bytes.count - done,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            done += count
        }
    }

    /// Blocking calls get threads of their own.
    private static func thread(_ body: @escaping @Sendable () -> Void) {
        Thread.detachNewThread(body)
    }
}
