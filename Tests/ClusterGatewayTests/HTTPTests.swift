// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Hummingbird
import Synchronization
import Testing

@Suite struct HTTPTests {
    @Test func `who has no key where one is wanted is told no reason, which names workers`() async throws {
        let generator = ScriptedGenerator()
        let reason = "worker b at 10.0.0.2:7101 is lost"
        generator.state.withLock {
            $0.health = ServiceHealth(state: .down, reason: reason, isHealthy: false)
        }
        let gateway = InProcess(generator, keys: ["k"])
        let routes = InProcess(
            router: AdminServer.router(
                keys: APIKeys(["k"]), administration: ScriptedAdministration(), health: { generator.health }))
        for path in ["/health", "/ready"] {
            for server in [gateway, routes] {
                for (authorization, isTold) in [(nil, false), ("Bearer x", false), ("Bearer k", true)] {
                    var headers = HTTPFields()
                    headers[.authorization] = authorization
                    let reply = try await server.send(.get, path, headers: headers)
                    #expect(reply.status == 503)
                    #expect(reply.body.contains(#""status":"down""#))
                    #expect(reply.body.contains(reason) == isTold, "\(reply.body)")
                }
            }
            #expect(try await InProcess(generator).send(.get, path).body.contains(reason))
        }
        let refused = try await gateway.send(.post, "/v1/completions", #"{"prompt":"a"}"#)
        #expect(refused.status == 401 && !refused.body.contains("10.0.0.2"))
    }

    @Test func `health is asked without a key and says what is wrong`() async throws {
        let generator = ScriptedGenerator()
        let gateway = InProcess(generator, keys: ["secret"])
        var reply = try await gateway.send(.get, "/health")
        #expect(reply.status == 200)
        #expect(reply.body == #"{"seconds_since_last_token":2,"status":"ok"}"#)
        generator.state.withLock { $0.health = ServiceHealth(state: .serving, isHealthy: false) }
        reply = try await gateway.send(.get, "/health")
        #expect(reply.status == 503)
        #expect(reply.body == #"{"status":"stalled"}"#)
        #expect(try await gateway.send(.get, "/ready").status == 503, "nobody would get an answer")
        generator.state.withLock { $0.health = ServiceHealth(state: .serving, isHealthy: true) }
        #expect(try await gateway.send(.get, "/ready").status == 200)
        generator.state.withLock {
            $0.health = ServiceHealth(state: .down, reason: "worker b is lost", isHealthy: false)
        }
        reply = try await gateway.send(.get, "/ready")
        #expect(reply.status == 503)
        #expect(reply.body == #"{"status":"down"}"#, "the reason names a worker")
    }

    @Test func `only who knows a key is let in`() async throws {
        let gateway = InProcess(ScriptedGenerator(), keys: ["secret", "other"])
        let given: [(String?, Int)] = [
            (nil, 401), ("Bearer secret", 404), ("bearer other", 404), ("Bearer secre", 401),
            ("Bearer secrett", 401),
            ("Bearer ", 401), ("secret", 401), ("Basic secret", 401), ("Bearer secret other", 401),
        ]
        for (field, status) in given {
            var headers = HTTPFields()
            headers[.authorization] = field
            let reply = try await gateway.send(.get, "/v1/nothing", headers: headers)
            #expect(reply.status == status, "\(field ?? "none")")
            guard status == 401 else { continue }
            #expect(reply.headers[.wwwAuthenticate] == "Bearer")
            #expect(reply.body.contains(#""code":"invalid_api_key""#))
        }
    }

    @Test func `whose request it is goes by the key and the connection`()
        async throws
    {
        let body = #"{"prompt":"a","n":3}"#
        func owners(keys: [String], sent: [String?]) async throws -> [RequestOwner] {
            let generator = ScriptedGenerator()
            let gateway = InProcess(generator, keys: keys)
            for key in sent {
                let headers: HTTPFields = key.map { [.authorization: "Bearer \($0)"] } ?? [:]
                #expect(
                    try await gateway.send(.post, "/v1/completions", body, headers: headers).status == 200)
            }
            return generator.requests.map(\.owner)
        }
        let byKey = try await owners(keys: ["secret", "other"], sent: ["other", "secret", "other"])
        #expect(byKey.map(\.prefixScope) == [1, 1, 1, 0, 0, 0, 1, 1, 1])
        #expect(Set(byKey).count == 3 && Set(byKey.map(\.account)).count == 2)
        let byConnection = try await owners(keys: [], sent: [nil, nil])
        #expect(Set(byConnection).count == 2 && Set(byConnection[..<3]).count == 1)
        #expect(byConnection.map(\.account) == byConnection)
    }

    @Test(arguments: [false, true])
    func `a result that is not finite is told as an error of this request`(isStreamed: Bool) async throws {
        let error = GenerationError(.notFinite, "what the model computes is not a finite number")
        let gateway = InProcess(ScriptedGenerator(.breaks(["a"], error)))
        let reply = try await gateway.send(
            .post, "/v1/completions", #"{"prompt":"a","stream":\#(isStreamed)}"#)
        #expect(reply.status == (isStreamed ? 200 : 500))
        let document =
            #"{"error":{"code":"result_not_finite","message":"what the model computes is not a finite number","#
            + #""param":null,"type":"server_error"}}"#
        #expect(isStreamed ? reply.body.contains("data: \(document)\n\n") : reply.body == document)
    }

    @Test func `unknown paths and wrong methods are told so in JSON`() async throws {
        let gateway = InProcess(ScriptedGenerator())
        var reply = try await gateway.send(.get, "/nowhere")
        #expect(reply.status == 404)
        #expect(
            reply.body
                == #"{"error":{"code":"not_found","message":"there is nothing at /nowhere","param":null,"type":"invalid_request_error"}}"#
        )
        reply = try await gateway.send(.post, "/health")
        #expect(reply.status == 405)
        #expect(reply.headers[.allow] == "GET, HEAD, OPTIONS")
        reply = try await gateway.send(.options, "/health")
        #expect(reply.status == 204)
        #expect(reply.headers[.allow] == "GET, HEAD, OPTIONS")
        reply = try await gateway.send(.options, "*")
        #expect(reply.status == 204)
        #expect(reply.headers[.allow] == "GET, HEAD, OPTIONS, POST")
        reply = try await gateway.send(.get, "*")
        #expect(reply.status == 404)
        reply = try await gateway.send(.options, "/nowhere")
        #expect(reply.status == 404)
        reply = try await gateway.send(.head, "/health")
        #expect(reply.status == 200)
        #expect(reply.body == "")
    }

    @Test func `a request's id is the client's if it can stand in a log`() async throws {
        let gateway = InProcess(ScriptedGenerator())
        let most = String(repeating: "a", count: Limits.nameBytesMax)
        for (given, isKept) in [
            ("abc-1_2.3", true), (most, true), (most + "a", false), ("a b", false), ("ü", false), ("", false),
        ] {
            var headers = HTTPFields()
            headers[RequestID.field] = given
            let reply = try await gateway.send(.get, "/health", headers: headers)
            let id = try #require(reply.headers[RequestID.field])
            #expect((id == given) == isKept, "\(given)")
            #expect(isKept || id.count == 24)
        }
    }
}
