// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import ClusterGateway
import Foundation
import Hummingbird
import NIOCore
import Testing

/// The page of the operator's API, as a browser gets it.
@Suite struct OperatorPageTests {
    private func routes(
        keys: [String] = [], chat: (any TextGenerator)? = nil, sites: SiteRules = SiteRules(host: "localhost")
    ) -> InProcess {
        InProcess(
            router: AdminServer.router(
                keys: APIKeys(keys, firstNumber: 7), administration: ScriptedAdministration(),
                health: { ServiceHealth(state: .serving, isHealthy: true) },
                chat: chat.map { OpenAIRoutes(generator: $0, metrics: GatewayMetrics()) }, sites: sites))
    }

    private func value(_ name: String, in reply: Reply) throws -> String? {
        reply.headers[try #require(Field.Name(name))]
    }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Sources/COperatorPage/page").standardized

    @Test func `every file of the folder is served, byte for byte as it lies there`() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(names.sorted() == OperatorPage.files.map(\.name).sorted())
        for file in OperatorPage.files {
            let bytes = try Data(contentsOf: Self.folder.appending(path: file.name))
            let isSame = bytes.elementsEqual(file.bytes.readableBytesView)
            #expect(isSame, "\(file.name)")
        }
    }

    @Test func `the page is at the top, its other files beside it, and all that it names is there`()
        async throws
    {
        let page = try await routes().send(.get, "/")
        #expect(page.status == 200)
        #expect(page.headers[.contentType] == "text/html; charset=utf-8")
        var wanted = page.body.matches(of: /(?:href|src)="(page\/[^"]+)"/).map { String($0.output.1) }
        #expect(wanted.count == 3)
        for file in OperatorPage.files where file.name.hasSuffix(".js") {
            wanted += String(buffer: file.bytes).matches(of: /from "\.\/([^"]+)"/).map {
                "page/\($0.output.1)"
            }
        }
        for path in Set(wanted) {
            #expect(try await routes().send(.get, "/" + path).status == 200, "\(path)")
        }
        let others = OperatorPage.files.dropFirst().map { "page/\($0.name)" }
        #expect(Set(wanted) == Set(others))
    }

    @Test(arguments: [
        ("page.css", "text/css; charset=utf-8"), ("page.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ]) func `files say what they are`(name: String, type: String) async throws {
        let reply = try await routes().send(.get, OperatorPage.folder + name)
        #expect(reply.status == 200)
        #expect(reply.headers[.contentType] == type)
    }

    @Test(arguments: [
        "/page/", "/page/page.html", "/page/nothing.js", "/page/../page.c", "/page/%2e%2e/page.c",
    ])
    func `nothing else lies there`(path: String) async throws {
        #expect(try await routes().send(.get, path).status == 404)
    }

    @Test func `the page needs no key, all that it asks for does`() async throws {
        let routes = routes(keys: ["secret"], chat: ScriptedGenerator())
        for path in OperatorPage.paths {
            #expect(try await routes.send(.get, path).status == 200, "\(path)")
        }
        for path in [AdminAPI.statusPath, AdminAPI.planPath, AdminAPI.eventsPath, AdminAPI.historyPath] {
            #expect(try await routes.send(.get, path).status == 401, "\(path)")
        }
        #expect(try await routes.send(.post, "/v1/chat/completions", "{}").status == 401)
        #expect(try await routes.send(.post, AdminAPI.replanPath).status == 401)
    }

    @Test func `a browser lets it load nothing else, run no text, and stand in no other page`() async throws {
        for path in OperatorPage.paths {
            let reply = try await routes().send(.get, path)
            let policy = try #require(reply.headers[.contentSecurityPolicy])
            let rules = policy.split(separator: "; ")
            #expect(rules.contains("default-src 'none'"))
            #expect(rules.contains("script-src 'self'") && rules.contains("style-src 'self'"))
            #expect(rules.contains("connect-src 'self'") && rules.contains("frame-ancestors 'none'"))
            #expect(rules.contains("base-uri 'none'") && rules.contains("form-action 'none'"))
            #expect(rules.contains("require-trusted-types-for 'script'"))
            #expect(!policy.contains("unsafe") && !policy.contains("*"))
            #expect(try value("X-Content-Type-Options", in: reply) == "nosniff")
            #expect(try value("Referrer-Policy", in: reply) == "no-referrer")
            #expect(try value("Access-Control-Allow-Origin", in: reply) == nil)
        }
    }

    @Test func `the page holds no script, no style and no handler of its own`() {
        let page = String(buffer: OperatorPage.files[0].bytes)
        #expect(page.matches(of: /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:/).isEmpty)
        #expect(page.matches(of: /https?:/).isEmpty)
        for file in OperatorPage.files where file.name.hasSuffix(".js") {
            let code = String(buffer: file.bytes)
            let sinks =
                /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(|localStorage/
            #expect(code.matches(of: sinks).isEmpty, "\(file.name)")
        }
    }

    @Test func `a browser that has a file is told so, and nothing more`() async throws {
        let routes = routes()
        let first = try await routes.send(.get, "/page/page.js")
        let tag = try #require(first.headers[.eTag])
        #expect(first.headers[.cacheControl] == "no-cache")
        for known in [tag, "W/\(tag)", "\"x\", \(tag)", "*"] {
            let reply = try await routes.send(.get, "/page/page.js", headers: [.ifNoneMatch: known])
            #expect(reply.status == 304, "\(known)")
            #expect(reply.body.isEmpty)
            #expect(reply.headers[.eTag] == tag)
        }
        for other in ["\"x\"", "", String(tag.dropLast(2)) + "\"", "W/"] {
            let reply = try await routes.send(.get, "/page/page.js", headers: [.ifNoneMatch: other])
            #expect(reply.status == 200, "\(other)")
        }
        #expect(Set(OperatorPage.files.map(\.tag)).count == OperatorPage.files.count)
    }

    @Test func `its files are read, and nothing is done with them`() async throws {
        let routes = routes()
        #expect(try await routes.send(.head, "/").status == 200)
        let posted = try await routes.send(.post, "/")
        #expect(posted.status == 405)
        #expect(posted.headers[.allow] == "GET, HEAD, OPTIONS")
        #expect(try await routes.send(.delete, "/page/page.js").status == 405)
    }

    @Test func `without keys pages of other sites neither get nor use it`() async throws {
        let routes = routes(chat: ScriptedGenerator(), sites: SiteRules(host: "127.0.0.1"))
        let foreign: HTTPFields = [.origin: "https://evil.example"]
        #expect(try await routes.send(.get, "/", headers: foreign).status == 403)
        #expect(try await routes.send(.post, "/v1/chat/completions", "{}", headers: foreign).status == 403)
        #expect(try await routes.send(.get, "/").status == 200)
    }

    @Test func `who has the operator's key talks with the model, and is not taken for a user`() async throws {
        let generator = ScriptedGenerator(.texts(["Hello"]))
        let body = #"{"messages": [{"role": "user", "content": "Hi"}]}"#
        let reply = try await routes(keys: ["a", "b"], chat: generator).send(
            .post, "/v1/chat/completions", body, headers: [.authorization: "Bearer b"])
        #expect(reply.status == 200)
        #expect(reply.body.contains(#""content":"Hello""#))
        #expect(generator.requests.first?.owner.prefixScope == 8)
        #expect(try await routes().send(.post, "/v1/chat/completions", body).status == 404)
        // The rest of the users' API is on the users' address.
        #expect(try await routes(chat: generator).send(.post, "/v1/completions", body).status == 404)
    }
}
