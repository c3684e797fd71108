// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Testing

private let host = "Host: localhost\r\n"
private let ready = "GET /ready HTTP/1.1\r\n\(host)\r\n"
private let fine = #""status":"ok"}"#

/// HTTP/1.1 and 1.0 as clients speak it, on the wire.
@Suite(.serialized) struct ProtocolTests {
    /// All that a server answers to `text`, which makes it close the connection.
    private func answer(
        to text: String, halfClosed: Bool = false, _ generator: ScriptedGenerator = .init(),
        _ configuration: ListenerConfiguration = .test()
    ) async throws -> String {
        let answers = Answers()
        try await withGateway(generator, configuration) { port in
            let answer = try await Client.connected(to: port) { client in
                try await client.send(text)
                if halfClosed { try await client.closeSending() }
                return try await client.read()
            }
            answers.add(answer)
        }
        return answers.all
    }

    @Test(arguments: [
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n",
        "Connection: upgrade\r\nUpgrade: TLS/1.0\r\n",
    ]) func `other protocols are declined, and the connection goes on`(fields: String) async throws {
        let body = #"{"content":"ab"}"#
        let offers =
            "GET /ready HTTP/1.1\r\n\(host)\(fields)\r\n"
            + "POST /tokenize HTTP/1.1\r\n\(host)\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        // At once, and each when the one before it is answered.
        let piped = try await answer(to: offers + "GET /ready HTTP/1.1\r\n\(host)Connection: close\r\n\r\n")
        #expect(piped.occurrences(of: "HTTP/1.1 200 OK") == 3, "\(piped)")
        try await withGateway(ScriptedGenerator()) { port in
            try await Client.connected(to: port) { client in
                for _ in 0..<3 {
                    try await client.send(offers)
                    #expect(try await client.read(until: fine).hasPrefix("HTTP/1.1 200 OK\r\n"))
                    #expect(try await client.read(until: "[97,98]}").hasPrefix("HTTP/1.1 200 OK\r\n"))
                }
            }
        }
    }

    @Test(arguments: [
        ("CONNECT localhost:80 HTTP/1.1\r\n\(host)\r\n", 501),
        ("GET /ready HTTP/1.1\r\n\r\n", 400),
        ("GET /ready HTTP/1.1\r\n\(host)\(host)\r\n", 400),
        ("GET /ready HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET http://other/ready HTTP/1.1\r\n\(host)\r\n", 400),
        ("GET /ready HTTP/1.1\r\n\(host)Expect: wonders\r\n\r\n", 417),
        ("GET /ready HTTP/1.1\r\n\(host)X: a\r\n b\r\n\r\n", 400),
        ("GET /ready HTTP/1.1\r\n\(host)X : a\r\n\r\n", 400),
        ("GET /ready HTTP/1.1\r\n\(host)X: a\rb\r\n\r\n", 400),
        ("GET /ready HTTP/1.1\n\(host)\n", 400),
        ("GET /ready HTTP/1.1\r\n\(host)X: a\u{0}b\r\n\r\n", 400),
        (
            "POST /tokenize HTTP/1.1\r\n\(host)Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400
        ),
        ("POST /tokenize HTTP/1.1\r\n\(host)Content-Length: 3\r\nContent-Length: 4\r\n\r\n{} x", 400),
        ("POST /tokenize HTTP/1.1\r\n\(host)Content-Length: +3\r\n\r\n{} ", 400),
        ("POST /tokenize HTTP/1.1\r\n\(host)Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        ("POST /tokenize HTTP/1.1\r\n\(host)Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST /tokenize HTTP/1.1\r\n\(host)Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
        ("POST /tokenize HTTP/1.0\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST /tokenize HTTP/1.1\r\n\(host)Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 415),
        ("POST /tokenize HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n2 \r\n{}\r\n0\r\n\r\n", 400),
        ("POST /tokenize HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}", 400),
    ]) func `what must not be taken for something else is refused once, and nothing behind it is read`(
        _ request: String, _ status: Int
    ) async throws {
        let answer = try await answer(to: request + ready)
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
        #expect(answer.occurrences(of: "HTTP/1.1 ") == 1, "\(answer)")
        #expect(answer.contains("Connection: close\r\n"))
        #expect(answer.contains(#""type":"invalid_request_error""#))
    }

    @Test func `what was asked before such a request is answered before it is refused`() async throws {
        let answer = try await answer(to: ready + ready + "GET /ready HTTP/1.1\r\n\r\n" + ready)
        #expect(answer.occurrences(of: "HTTP/1.1 200 OK") == 2)
        #expect(answer.occurrences(of: "HTTP/1.1 400 Bad Request") == 1)
        #expect(answer.hasSuffix("}}"))
    }

    @Test(arguments: ["close", "Close", "close, TE", "TE,CLOSE"])
    func `a connection is closed after the answer that is to be the last`(word: String) async throws {
        let answer = try await answer(
            to: "GET /ready HTTP/1.1\r\n\(host)Connection: \(word)\r\n\r\n" + ready,
            .init(), .test())
        #expect(answer.occurrences(of: "HTTP/1.1 200 OK") == 1)
        #expect(answer.contains("Connection: close\r\n"))
        #expect(answer.hasSuffix(fine))
    }

    @Test func `a client of HTTP 1.0 gets no chunks, and the end of the connection`() async throws {
        let body = #"{"prompt":"Once","stream":true}"#
        var answer = try await answer(
            to: "POST /v1/completions HTTP/1.0\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)", .init(),
            .test())
        #expect(answer.hasPrefix("HTTP/1.0 200 OK\r\n"))
        #expect(!answer.lowercased().contains("transfer-encoding"))
        #expect(answer.contains("\r\n\r\ndata: {"))
        #expect(answer.hasSuffix("data: [DONE]\n\n"))
        answer = try await self.answer(to: "GET /ready HTTP/1.0\r\n\r\n", halfClosed: true, .init(), .test())
        #expect(answer.contains("Content-Length: "))
        #expect(answer.contains("Connection: close\r\n") && answer.hasSuffix(fine))
    }

    @Test func `a client of HTTP 1.0 may keep its connection`() async throws {
        try await withGateway(ScriptedGenerator()) { port in
            try await Client.connected(to: port) { client in
                for _ in 0..<3 {
                    try await client.send("GET /ready HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
                    let answer = try await client.read(until: fine)
                    #expect(
                        answer.contains("Connection: keep-alive\r\n") && answer.contains("Content-Length: "))
                }
                // What has no length ends with the connection all the same.
                try await client.send(
                    "POST /v1/completions HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 31\r\n\r\n"
                        + #"{"prompt":"Once","stream":true}"#)
                let stream = try await client.read()
                #expect(stream.contains("Connection: close\r\n") && stream.hasSuffix("data: [DONE]\n\n"))
            }
        }
    }

    @Test func `a body that is waited with is asked for`() async throws {
        try await withGateway(ScriptedGenerator()) { port in
            try await Client.connected(to: port) { client in
                for _ in 0..<2 {
                    try await client.send(
                        "POST /tokenize HTTP/1.1\r\n\(host)Expect: 100-Continue\r\nContent-Length: 16\r\n\r\n"
                    )
                    #expect(try await client.read(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
                    try await client.send(#"{"content":"ab"}"#)
                    #expect(try await client.read(until: "[97,98]}").hasPrefix("HTTP/1.1 200 OK\r\n"))
                }
            }
        }
    }

    @Test(arguments: [
        ("/tokenize", "Content-Length: \(Limits.requestBodyBytesMax + 1)\r\n", 413),
        ("/tokenize", "Content-Length: 16\r\nAuthorization: Bearer wrong\r\n", 401),
        ("/nowhere", "Content-Length: 16\r\nAuthorization: Bearer right\r\n", 404),
    ]) func `a body that is not wanted is not asked for`(
        path: String, fields: String, status: Int
    ) async throws {
        let keys = status == 413 ? [] : ["right"]
        let answer = try await answer(
            to: "POST \(path) HTTP/1.1\r\n\(host)Expect: 100-continue\r\n\(fields)\r\n", .init(),
            .test { $0.keys = keys })
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
        #expect(answer.contains("Connection: close\r\n"))
    }

    @Test(arguments: ["HTTP/1.1", "HTTP/1.0"])
    func `who has closed his sending side gets his answer`(version: String) async throws {
        let gate = Gate()
        let generator = ScriptedGenerator(.gated([], gate, ["Hello"]))
        let body = #"{"prompt":"Once"}"#
        let configuration = ListenerConfiguration.test { $0.server.timeouts.presence = .milliseconds(10) }
        try await withGateway(generator, configuration) { port in
            try await Client.connected(to: port) { client in
                try await client.send(
                    "POST /v1/completions \(version)\r\n\(host)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
                )
                try await eventually { generator.requests.count == 1 }
                try await client.closeSending()
                // A client of HTTP/1.1 is asked whether it is there.
                if version == "HTTP/1.1" {
                    #expect(try await client.read(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
                }
                gate.open()
                let answer = try await client.read()
                #expect(answer.contains("\(version) 200 OK\r\n"), "\(answer)")
                #expect(answer.contains(#""text":"Hello""#))
            }
        }
        #expect(generator.endedEarly == 0)
    }

    @Test func `answers to all that was asked come, too, when nothing more does`() async throws {
        let answer = try await answer(to: ready + ready + ready, halfClosed: true, .init(), .test())
        #expect(answer.occurrences(of: "HTTP/1.1 200 OK") == 3)
        let cut = try await self.answer(
            to: "POST /tokenize HTTP/1.1\r\n\(host)Content-Length: 99\r\n\r\n{", halfClosed: true, .init(),
            .test())
        #expect(cut.isEmpty || cut.hasPrefix("HTTP/1.1 400 "), "\(cut)")
    }
}
