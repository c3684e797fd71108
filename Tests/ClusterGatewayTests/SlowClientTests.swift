// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import NIOCore
import Testing

private let health = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
private let streamed = #"{"prompt":"Once","stream":true}"#

@Suite(.serialized) struct SlowClientTests {
    @Test func `a connection serves one request after another`() async throws {
        try await withGateway(ScriptedGenerator()) { port in
            try await Client.connected(to: port) { client in
                for _ in 0..<3 {
                    try await client.post("/v1/completions", #"{"prompt":"Once"}"#)
                    let answer = try await client.read(until: #""total_tokens":7}}"#)
                    #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                    #expect(answer.contains("X-Request-Id: "))
                    #expect(answer.contains(" GMT\r\n"))
                    try await client.post("/v1/completions", streamed)
                    #expect(try await client.read(until: "0\r\n\r\n").contains("data: [DONE]"))
                }
            }
        }
    }

    @Test func `a header that drips is cut off`() async throws {
        try await withGateway(ScriptedGenerator(), .test { $0.server.timeouts.head = .milliseconds(300) }) {
            port in
            try await Client.connected(to: port) { client in
                try await client.send("GET /health HTTP/1.1\r\nHost: localhost\r\nX: ")
                let dripping = Task { [outbound = client.outbound] in
                    while true {
                        try await outbound.write(.init(string: "x"))
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                #expect(try await client.read().hasPrefix("HTTP/1.1 408 "))
                dripping.cancel()
            }
        }
    }

    @Test func `a body that drips is cut off`() async throws {
        try await withGateway(ScriptedGenerator(), .test { $0.server.timeouts.body = .milliseconds(300) }) {
            port in
            try await Client.connected(to: port) { client in
                try await client.send(
                    "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n{")
                let dripping = Task { [outbound = client.outbound] in
                    while true {
                        try await outbound.write(.init(string: " "))
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                #expect(try await client.read().hasPrefix("HTTP/1.1 408 "))
                dripping.cancel()
            }
        }
    }

    @Test func `a connection without requests is closed`() async throws {
        try await withGateway(
            ScriptedGenerator(), .test { $0.server.timeouts.keepAlive = .seconds(2) }
        ) {
            port in
            let silent = try await Client.connected(to: port) { client in try await client.read() }
            #expect(silent == "")
            try await Client.connected(to: port) { client in
                try await client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try await client.read().contains(#""status":"ok""#))
            }
        }
    }

    @Test func `who stops reading loses the connection, and others do not notice`() async throws {
        let generator = ScriptedGenerator(.endless(String(repeating: "x", count: 1 << 16)))
        try await withGateway(generator, .test { $0.server.timeouts.writeStall = .milliseconds(300) }) {
            port in
            try await Client.connected(to: port) { client in
                try await client.post("/v1/completions", streamed)
                _ = try await client.read(until: "data: ")
                try await Client.connected(to: port) { other in
                    try await other.post("/v1/completions", streamed)
                    while generator.endedEarly == 0 {
                        try #require(!(try await other.read(until: "data: ")).isEmpty)
                    }
                    for _ in 0..<3 { #expect(try await other.read(until: "data: ").isEmpty == false) }
                    #expect(generator.endedEarly == 1)
                }
            }
        }
    }

    @Test(arguments: [streamed, #"{"prompt":"Once"}"#], [[], ["a"]])
    func `who leaves ends the generation, also while nothing is written`(
        _ body: String, _ texts: [String]
    )
        async throws
    {
        let generator = ScriptedGenerator(.hangs(texts))
        let configuration = ListenerConfiguration.test { $0.server.timeouts.presence = .milliseconds(20) }
        try await withGateway(generator, configuration) { port in
            try await Client.connected(to: port) { client in
                try await client.post("/v1/completions", body)
                try await eventually { generator.requests.count == 1 }
            }
            try await eventually { generator.endedEarly == 1 }
        }
    }

    @Test func `one connection too many takes the place of the one that rests longest`() async throws {
        let generator = ScriptedGenerator(.hangs(["Hello"]))
        try await withGateway(generator, .test { $0.server.connectionsMax = 2 }) { port in
            try await Client.connected(to: port) { busy in
                try await busy.post("/v1/completions", streamed)
                _ = try await busy.read(until: "Hello")
                try await Client.connected(to: port) { resting in
                    try await resting.send(health)
                    #expect(try await resting.read(until: "}").contains("200 OK"))
                    try await Client.connected(to: port) { third in
                        try await third.send(health)
                        #expect(try await third.read(until: "}").contains("200 OK"))
                        #expect(try await resting.read() == "")
                        try await third.post("/v1/completions", streamed)
                        _ = try await third.read(until: "Hello")
                        // Now all are busy.
                        let fourth = try await Client.connected(to: port) { client in try await client.read()
                        }
                        #expect(fourth.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
                        #expect(fourth.contains(#""code":"service_unavailable""#))
                    }
                }
            }
            // Those that were closed have made room.
            try await waitForAnswer(port)
        }
    }

    /// Waits until a request is answered.
    private func waitForAnswer(_ port: Int) async throws {
        while true {
            let answer = try await Client.connected(to: port) { client in
                try await client.send("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return try await client.read()
            }
            if answer.contains("200 OK") { return }
        }
    }
}
