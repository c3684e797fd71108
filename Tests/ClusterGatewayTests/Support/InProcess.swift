// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import FoundationEssentials
import Hummingbird
import Logging
import NIOCore

typealias Field = HTTPFields.Element

/// What came back.
struct Reply {
    var status: Int
    var headers: HTTPFields
    var body: String

    var json: [String: Any] {
        get throws { try JSONTree.object(body) }
    }
}

/// The routes of a gateway without sockets.
struct InProcess {
    let exchange: Exchange

    init(_ generator: any TextGenerator, keys: [String] = []) {
        let metrics = GatewayMetrics()
        self.init(
            router: Gateway.router(keys: APIKeys(keys), generator: generator, metrics: metrics),
            metrics: metrics)
    }

    init(router: Router<ExchangeContext>, metrics: GatewayMetrics? = nil) {
        exchange = Exchange(
            router: router, metrics: metrics,
            log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: String = "", headers: HTTPFields = [:]
    ) async throws -> Reply {
        try await send(method, path, Array(body.utf8), headers: headers)
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: [UInt8], headers: HTTPFields = [:]
    ) async throws -> Reply {
        let request = Request(
            head: HTTPRequest(
                method: method, scheme: "http", authority: "localhost", path: path, headerFields: headers),
            body: RequestBody(buffer: ByteBuffer(bytes: body)))
        let answer = try await exchange.begin(request, client: ClientConnection())
        let sink = Sink()
        try await answer.response.body.write(SinkWriter(sink: sink))
        exchange.end(answer, failure: nil)
        return Reply(
            status: answer.response.status.code, headers: answer.response.headers,
            body: String(buffer: sink.buffer))
    }
}

private final class Sink {
    var buffer = ByteBuffer()
}

private struct SinkWriter: ResponseBodyWriter {
    let sink: Sink

    mutating func write(_ buffer: ByteBuffer) async throws { sink.buffer.writeImmutableBuffer(buffer) }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
