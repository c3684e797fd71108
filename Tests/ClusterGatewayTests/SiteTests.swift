// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Hummingbird
import Testing

@Suite struct SiteTests {
    private func refusal(
        _ rules: SiteRules, host: String?, _ fields: [String: String] = [:]
    ) throws -> Int? {
        var headers = HTTPFields()
        for (name, value) in fields { headers[try #require(Field.Name(name))] = value }
        let request = Request(
            head: HTTPRequest(
                method: .post, scheme: "http", authority: host, path: "/v1/drain", headerFields: headers),
            body: RequestBody(buffer: .init()))
        return rules.refusal(of: request)?.statusCode
    }

    @Test(arguments: [
        ("127.0.0.1", "localhost:8080", true), ("127.0.0.1", "127.0.0.1:9", true),
        ("127.0.0.1", "[::1]", true),
        ("127.0.0.1", "LOCALHOST.", true), ("127.0.0.1", "a.localhost", true),
        ("127.0.0.1", "evil.example", false),
        ("127.0.0.1", "localhost.evil.example", false), ("127.0.0.1", "127.0.0.1.evil.example", false),
        ("127.0.0.1", "10.1.2.3", false), ("127.0.0.1", "", false),
        ("127.0.0.1", "chat.example:443", true), ("::1", "localhost", true), ("localhost", "127.0.0.1", true),
        ("10.1.2.3", "10.1.2.3:8080", true), ("10.1.2.3", "localhost", false),
        ("node-1", "Node-1:8080", true),
        ("node-1", "node-2", false), ("0.0.0.0", "10.1.2.3:8080", true), ("::", "[2001:db8::1]:8080", true),
        ("0.0.0.0", "localhost", true), ("0.0.0.0", "evil.example", false),
    ]) func `a server answers to its own names only`(listens: String, asked: String, isTaken: Bool) throws {
        var rules = SiteRules(host: listens)
        rules.allowedHosts = ["chat.example"]
        #expect(try refusal(rules, host: asked) == (isTaken ? nil : 421))
        rules.hasKeys = true
        #expect(try refusal(rules, host: asked) == nil)
    }

    @Test(
        arguments: [
            ([:], true), (["Origin": "http://localhost:8080"], true),
            (["Origin": "https://localhost:8080"], true),
            (["Origin": "http://localhost:8081"], false), (["Origin": "http://evil.example"], false),
            (["Origin": "null"], false), (["Sec-Fetch-Site": "none"], true),
            (["Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8080"], true),
            (["Sec-Fetch-Site": "cross-site"], false), (["Sec-Fetch-Site": "same-site"], false),
            (["Origin": "https://Chat.example", "Sec-Fetch-Site": "cross-site"], true),
        ] as [([String: String], Bool)])
    func `pages of other sites ask for nothing, unless they may`(
        fields: [String: String], isTaken: Bool
    ) throws {
        var rules = SiteRules(host: "127.0.0.1")
        rules.allowedOrigins = ["https://chat.example"]
        #expect(try refusal(rules, host: "localhost:8080", fields) == (isTaken ? nil : 403))
    }

    private func gateway(keys: [String], origins: Set<String>) -> InProcess {
        var rules = SiteRules(host: "127.0.0.1")
        rules.allowedOrigins = origins
        let metrics = GatewayMetrics()
        return InProcess(
            router: Gateway.router(
                keys: APIKeys(keys), generator: ScriptedGenerator(), metrics: metrics, sites: rules),
            metrics: metrics)
    }

    private func preflight(_ origin: String) throws -> HTTPFields {
        var headers: HTTPFields = [.origin: origin]
        headers[try #require(Field.Name("Access-Control-Request-Method"))] = "POST"
        headers[try #require(Field.Name("Access-Control-Request-Headers"))] = "authorization,x-stainless-os"
        return headers
    }

    private func value(_ name: String, in reply: Reply) throws -> String? {
        reply.headers[try #require(Field.Name(name))]
    }

    @Test(arguments: [["secret"], []]) func `a page that may ask is told so before it sends its key`(
        keys: [String]
    ) async throws {
        let gateway = gateway(keys: keys, origins: ["https://chat.example"])
        let path = "/v1/chat/completions"
        var reply = try await gateway.send(.options, path, headers: preflight("https://chat.example"))
        #expect(reply.status == 204)
        #expect(try value("Access-Control-Allow-Origin", in: reply) == "https://chat.example")
        #expect(try value("Access-Control-Allow-Headers", in: reply) == "authorization,x-stainless-os")
        #expect(try value("Access-Control-Allow-Methods", in: reply)?.contains("POST") == true)
        #expect(reply.headers[.vary] == "Origin")
        reply = try await gateway.send(.options, path, headers: preflight("https://evil.example"))
        #expect(reply.status == 403)
        #expect(reply.body.contains("--cors-origin https://evil.example"))
        #expect(try value("Access-Control-Allow-Origin", in: reply) == nil)
        // Errors are for the page to read, too.
        reply = try await gateway.send(.post, path, "{", headers: [.origin: "https://chat.example"])
        #expect(reply.status == (keys.isEmpty ? 400 : 401))
        #expect(try value("Access-Control-Allow-Origin", in: reply) == "https://chat.example")
    }

    @Test func `with keys every page may ask that has one`() async throws {
        let gateway = gateway(keys: ["secret"], origins: ["*"])
        let reply = try await gateway.send(
            .get, "/v1/models", headers: [.origin: "https://any.example", .authorization: "Bearer secret"])
        #expect(reply.status == 200)
        #expect(try value("Access-Control-Allow-Origin", in: reply) == "https://any.example")
    }

    @Test(arguments: [
        ("https://chat.example", true), ("http://localhost:3000", true), ("http://[::1]:3000", true),
        ("chat.example", false), ("https://chat.example/", false), ("https://", false), ("://x", false),
        ("", false),
    ]) func `an origin is a scheme and a host`(text: String, isOne: Bool) {
        #expect(SiteRules.isOrigin(text) == isOne)
    }
}
