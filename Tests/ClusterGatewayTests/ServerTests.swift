// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Logging
import Testing

@Suite(.serialized) struct ServerTests {
    @Test func `bytes that are not HTTP are answered in JSON and end the connection`() async throws {
        try await withGateway(ScriptedGenerator()) { port in
            for (bytes, status) in [
                ("nonsense\r\n\r\n", "400 Bad Request"),
                ("GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n", "400 Bad Request"),
                (
                    "GET /health HTTP/1.1\r\nX: \(String(repeating: "x", count: Limits.requestHeadBytesMax))\r\n\r\n",
                    "431 Request Header Fields Too Large"
                ),
                (
                    "GET /health HTTP/1.1\r\n"
                        + String(repeating: "X: x\r\n", count: Limits.requestHeaderFieldsMax + 1) + "\r\n",
                    "431 Request Header Fields Too Large"
                ),
            ] {
                let answer = try await Client.connected(to: port) { client in
                    try await client.send(bytes)
                    return try await client.read()
                }
                #expect(answer.hasPrefix("HTTP/1.1 \(status)\r\n"), "\(answer)")
                #expect(answer.contains(#""type":"invalid_request_error""#))
            }
        }
    }

    @Test func `a name is listened on at all its addresses, on one port, and all are stopped`() async throws {
        let hosts = try HostPort(host: "localhost", port: 0).ownAddresses()
        let named = ListenerConfiguration.test {
            ($0.server.host, $0.sites.host) = ("localhost", "localhost")
        }
        var failure: (any Error)?
        // A port that is free at one address may be taken at the other.
        for _ in 0..<5 {
            do {
                try await withRunningGateway(ScriptedGenerator(), named) { port, stop in
                    for host in hosts {
                        let answer = try await Client.connected(to: port, of: host) { client in
                            try await client.send("GET /health HTTP/1.0\r\n\r\n")
                            return try await client.read()
                        }
                        #expect(answer.hasPrefix("HTTP/1.0 200 "), "\(host): \(answer)")
                    }
                    try await stop()
                    for host in hosts {
                        await #expect(throws: (any Error).self, "\(host)") {
                            try await Client.connected(to: port, of: host) { _ in }
                        }
                    }
                }
                return
            } catch let error as HTTPServerError {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    @Test func `a body in chunks is bounded, too`() async throws {
        try await withGateway(ScriptedGenerator()) { port in
            try await Client.connected(to: port) { client in
                try await client.send(
                    "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
                let chunk = "100000\r\n\(String(repeating: " ", count: 1 << 20))\r\n"
                for _ in 0..<17 { try await client.send(chunk) }
                #expect(try await client.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 413 "))
            }
            try await Client.connected(to: port) { client in
                try await client.send(
                    "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "7\r\n{\"conte\r\nA\r\nnt\":\"abc\"}\r\n0\r\n\r\n")
                #expect(try await client.read(until: "]}").hasSuffix(#"{"tokens":[97,98,99]}"#))
            }
            try await Client.connected(to: port) { client in
                try await client.send(
                    "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"
                )
                #expect(try await client.read(until: "}}").hasPrefix("HTTP/1.1 400 "))
            }
        }
    }

    @Test func `a gateway that is asked to stop finishes its answers`() async throws {
        let gate = Gate()
        let generator = ScriptedGenerator(.gated(["Hello"], gate, [" world"]))
        try await withRunningGateway(generator, .test { $0.server.stopGrace = .seconds(600) }) { port, stop in
            try await Client.connected(to: port) { client in
                try await client.post("/v1/completions", #"{"prompt":"Once","stream":true}"#)
                _ = try await client.read(until: "Hello")
                let stopping = Task { try await stop() }
                // Nobody else gets in.
                try await waitForRefusal(port)
                gate.open()
                let rest = try await client.read()
                #expect(rest.contains(" world"))
                #expect(rest.hasSuffix("data: [DONE]\n\n\r\n0\r\n\r\n"))
                try await stopping.value
            }
        }
        #expect(generator.endedEarly == 0)
    }

    @Test func `answers that outlast the grace are cut off`() async throws {
        let generator = ScriptedGenerator(.hangs(["Hello"]))
        try await withRunningGateway(generator) { port, stop in
            try await Client.connected(to: port) { client in
                try await client.post("/v1/completions", #"{"prompt":"Once","stream":true}"#)
                _ = try await client.read(until: "Hello")
                try await stop()
                let rest = try await client.read()
                #expect(!rest.contains("[DONE]"))
            }
        }
        try await eventually { generator.endedEarly == 1 }
    }

    @Test func `an address that is taken is told with its remedy`() async throws {
        try await withGateway(ScriptedGenerator()) { port in
            let error = await #expect(throws: HTTPServerError.self) {
                try await withGateway(ScriptedGenerator(), .test { $0.server.port = port }) { _ in }
            }
            #expect(
                error?.message
                    == "the gateway cannot listen on 127.0.0.1:\(port): something listens there already: stop it, or choose another port with --port"
            )
        }
        let error = await #expect(throws: HTTPServerError.self) {
            try await withGateway(ScriptedGenerator(), .test { $0.server.host = "192.0.2.1" }) { _ in }
        }
        #expect(error?.message.contains("--host") == true)
    }

    @Test func `one line is logged of a request, without what it says`() async throws {
        let lines = LogLines()
        let log = Logger(label: "test", factory: { _ in lines.handler })
        try await withGateway(ScriptedGenerator(), log: log) { port in
            try await Client.connected(to: port) { client in
                try await client.post(
                    "/v1/completions", #"{"prompt":"secret words"}"#, "X-Request-Id: r-1\r\n")
                _ = try await client.read(until: "}}")
                // Probes are not told of.
                try await client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                _ = try await client.read(until: "ok")
            }
            try await eventually { lines.all.contains { $0.hasPrefix("request ") } }
        }
        let line = try #require(lines.all.first { $0.hasPrefix("request ") })
        #expect(!lines.all.contains { $0.contains("/health") && $0.contains("level=info") })
        #expect(!lines.all.contains { $0.contains("level=error") })
        for part in [
            "request.id=r-1", "http.method=POST", "http.route=/v1/completions", "http.status=200",
            "tokens.prompt=13",
            "tokens.completion=2", "first_token_ms=", "total_ms=",
        ] {
            #expect(line.contains(part), "\(line)")
        }
        #expect(!lines.all.joined().contains("secret"))
    }

    private func waitForRefusal(_ port: Int) async throws {
        while true {
            do {
                let answer = try await Client.connected(to: port) { client in
                    try await client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    return try await client.read(until: "}")
                }
                if answer.isEmpty { return }
            } catch {
                return
            }
        }
    }
}
