// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Foundation
import Logging
import TestSupport
import Testing

/// Clients that do anything at all on the wire.
@Suite(.serialized) struct WireHistoryTests {
    /// More by hand: `BITNET_WIRE_HISTORIES=200000`.
    private static let count =
        ProcessInfo.processInfo.environment["BITNET_WIRE_HISTORIES"].flatMap(Int.init) ?? 3_000
    private static let clientCount = 100

    private static let configuration = ListenerConfiguration.test {
        $0.server.connectionsMax = clientCount + 8
        $0.server.timeouts.head = .milliseconds(40)
        $0.server.timeouts.body = .milliseconds(40)
        $0.server.timeouts.keepAlive = .milliseconds(40)
        $0.server.timeouts.linger = .milliseconds(20)
        $0.server.timeouts.presence = .milliseconds(10)
    }

    @Test func `whatever clients do, all end in time and an honest one is served`() async throws {
        let generator = ScriptedGenerator(.bytes("Hello"), contextLength: 4096)
        try await withGateway(generator, Self.configuration) { port in
            let perClient = Self.count / Self.clientCount
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 0..<Self.clientCount {
                    group.addTask {
                        for index in 0..<perClient {
                            try await Self.run(seed: UInt64(client * perClient + index), port: port)
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await Self.serveHonestOnes(port)
        }
    }

    /// A connection that stays open longer than all deadlines together is a fault.
    private static func run(seed: UInt64, port: Int) async throws {
        var history = WireHistory(seed: seed)
        let deeds = history.deeds()
        let end = ContinuousClock.now.advanced(by: .seconds(30))
        do {
            try await Client.connected(to: port) { client in
                for deed in deeds {
                    switch deed {
                    case .send(let bytes): try await client.send(bytes)
                    case .closeSending: try await client.closeSending()
                    case .leave: return
                    case .rest: try await Task.sleep(for: .milliseconds(5))
                    }
                }
                let answer = try await client.read()
                #expect(answer.isEmpty || answer.hasPrefix("HTTP/1."), "seed \(seed): \(answer)")
            }
        } catch {
            // The server may close a connection before its client has done all it wanted.
        }
        #expect(ContinuousClock.now < end, "seed \(seed) hangs")
    }

    /// All places are free again.
    private static func serveHonestOnes(_ port: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<clientCount + 8 {
                group.addTask { try await serveHonestOne(port) }
            }
            try await group.waitForAll()
        }
    }

    /// It may come before the server has noticed that all others have left.
    private static func serveHonestOne(_ port: Int) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(600))
        while .now < deadline {
            // A connection for which there is no place yet may be closed before all is sent.
            let answer = try? await Client.connected(to: port) { client in
                try await client.post("/v1/completions", #"{"prompt":"Once","max_tokens":2}"#)
                return try await client.read(until: "}}")
            }
            guard let answer, !answer.isEmpty else { continue }
            if answer.hasPrefix("HTTP/1.1 200 OK\r\n") { return }
            try #require(answer.hasPrefix("HTTP/1.1 503 "), "\(answer)")
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("an honest client is not served")
    }
}

/// What one client does, drawn from a seed.
private struct WireHistory {
    enum Deed {
        case send([UInt8])
        case closeSending, leave, rest
    }

    private static let requests = [
        "GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /ready HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "HEAD /health HTTP/1.1\r\nHost: localhost\r\nConnection: close, TE\r\n\r\n",
        "OPTIONS /tokenize HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n\r\n",
        "GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16\r\n\r\n{\"content\":\"ab\"}",
        "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 16\r\n\r\n{\"content\":\"ab\"}",
        "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"conte\r\n9;x=y\r\nnt\":\"ab\"}\r\n0\r\nT: t\r\n\r\n",
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 31\r\n\r\n{\"prompt\":\"Once\",\"stream\":true}",
        "POST /v1/completions HTTP/1.0\r\nContent-Length: 31\r\n\r\n{\"prompt\":\"Once\",\"stream\":true}",
    ]

    private static let words = [
        "\r\n", "\n", "\r", "\r\n\r\n", "HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "Connection: close\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n", "Content-Length: 99999999999999999999\r\n",
        "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n", "Expect: 100-continue\r\n",
        "Expect: x\r\n",
        "Host: localhost\r\n", " ", ":", "0\r\n\r\n", "ffffffffffffffff", "GET ", "\u{0}",
    ]

    private var mutator: Mutator

    init(seed: UInt64) {
        mutator = Mutator(seed: seed, words: Self.words)
    }

    mutating func deeds() -> [Deed] {
        var deeds: [Deed] = []
        for _ in 0..<mutator.random.roll(1...4) {
            var bytes = Array((Self.requests.randomElement(using: &mutator.random) ?? "").utf8)
            if mutator.random.roll(0...1) == 0 { bytes = mutator.mutate(bytes) }
            deeds += pieces(of: bytes)
        }
        switch mutator.random.roll(0...5) {
        case 0: deeds.append(.leave)
        case 1, 2: deeds.append(.closeSending)
        case 3: deeds.insert(.leave, at: mutator.random.roll(0...deeds.count))
        case 4: deeds.insert(.closeSending, at: mutator.random.roll(0...deeds.count))
        default: break
        }
        return deeds
    }

    private mutating func pieces(of bytes: [UInt8]) -> [Deed] {
        guard mutator.random.roll(0...2) == 0, bytes.count > 1 else { return [.send(bytes)] }
        let place = mutator.random.roll(1...bytes.count - 1)
        let rest: [Deed] = mutator.random.roll(0...3) == 0 ? [.rest] : []
        return [.send(Array(bytes[..<place]))] + rest + [.send(Array(bytes[place...]))]
    }
}
