// SPDX-License-Identifier: MIT
import ClusterGateway
import Hummingbird
import NIOCore
import Testing

@Suite struct WaitingStreamTests {
    @Test(arguments: [1, 2]) func `a stream that waits says so, and no proxy gathers it`(
        choiceCount: Int
    ) async throws {
        let gate = Gate()
        let generator = ScriptedGenerator(.gated([], gate, ["Hello"]))
        let router = Router.guarded(keys: APIKeys([]), openRoutes: [], sites: SiteRules(host: "localhost"))
        let metrics = GatewayMetrics()
        OpenAIRoutes(generator: generator, metrics: metrics, silenceMax: .milliseconds(1)).add(to: router)
        let exchange = InProcess(router: router, metrics: metrics).exchange
        let body = #"{"prompt":"Once","stream":true,"n":\#(choiceCount)}"#
        let request = Request(
            head: HTTPRequest(
                method: .post, scheme: "http", authority: "localhost", path: "/v1/completions",
                headerFields: [:]),
            body: RequestBody(buffer: ByteBuffer(string: body)))
        let answer = try await exchange.begin(request, client: ClientConnection())
        let field = try #require(Field.Name("X-Accel-Buffering"))
        #expect(answer.response.headers[field] == "no")
        #expect(answer.response.headers[.cacheControl] == "no-cache")
        let written = Answers()
        // Nothing is generated before a comment has been read.
        try await answer.response.body.write(OpeningWriter(gate: gate, written: written))
        exchange.end(answer, failure: nil)
        #expect(written.all.contains("Hello") && written.all.hasSuffix("data: [DONE]\n\n"))
    }
}

private struct OpeningWriter: ResponseBodyWriter {
    let gate: Gate
    let written: Answers

    mutating func write(_ buffer: ByteBuffer) async throws {
        let text = String(buffer: buffer)
        if text.hasPrefix(":") { gate.open() }
        written.add(text)
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
