// SPDX-License-Identifier: MIT
import BitNetCore
import FoundationEssentials
package import Hummingbird
package import Logging
import Metrics

/// One request and its answer: name it, route it, count it, log it.
package struct Exchange: Sendable {
    private let responder: RouterResponder<ExchangeContext>
    private let metrics: GatewayMetrics?
    private let quietRoutes: Set<String>
    private let log: Logger

    /// An answer that is being sent.
    package struct Answer: Sendable {
        package let response: Response
        let context: ExchangeContext
        let method: HTTPRequest.Method
    }

    /// - Parameter quietRoutes: routes of which only failures are logged.
    package init(
        router: Router<ExchangeContext>, metrics: GatewayMetrics?, quietRoutes: Set<String> = [], log: Logger
    ) {
        responder = router.buildResponder()
        self.metrics = metrics
        self.quietRoutes = quietRoutes
        self.log = log
    }

    /// Every answer that was begun must be ended once it was sent.
    ///
    /// - Throws: ``ClientGone`` or `CancellationError` if there is nobody to answer.
    package func begin(_ request: Request, client: ClientConnection) async throws -> Answer {
        let id = RequestID.of(request.headers)
        var log = log
        log[metadataKey: "request.id"] = "\(id)"
        let context = ExchangeContext(source: .init(logger: log, requestID: id, client: client))
        metrics?.requestsInFlight.increment()
        do {
            var response = try await responder.respond(to: request, context: context)
            response = try Self.held(response, context)
            response.headers[RequestID.field] = id
            response.headers[.date] = HTTPDate.text(of: .now)
            return Answer(response: response, context: context, method: request.method)
        } catch {
            let response = Response(status: .init(code: 499, reasonPhrase: "Client Closed Request"))
            end(Answer(response: response, context: context, method: request.method), failure: error)
            throw error
        }
    }

    /// An answer of which much may wait for its reader takes its share of what all may.
    private static func held(_ response: Response, _ context: ExchangeContext) throws -> Response {
        guard let byteCount = response.body.contentLength, byteCount > Limits.smallRequestBytesMax else {
            return response
        }
        let budget = ByteBudget.answers
        let held = HeldBytes(budget.open(for: context.client, owner: context.owner), of: budget)
        do throws(APIError) {
            try held.take(byteCount)
        } catch {
            context.record.note { $0.failure = error.message }
            return error.response
        }
        let body = response.body
        var response = response
        response.body = ResponseBody(contentLength: byteCount) { writer in
            try await body.write(HeldWriter(writer: writer, held: held))
        }
        return response
    }

    /// The answer has been sent, or cannot be.
    package func end(_ answer: Answer, failure: (any Error)?) {
        let context = answer.context
        let figures = context.record.figures
        let duration = ContinuousClock.now - context.record.arrival
        let status = answer.response.status.code
        metrics?.requestsInFlight.decrement()
        metrics?.count(route: context.route, status: status, duration: duration)
        var metadata: Logger.Metadata = [
            "http.method": "\(Self.word(answer.method))", "http.route": "\(context.route)",
            "http.status": "\(status)", "total_ms": "\(duration.milliseconds)",
        ]
        if let count = figures.promptTokenCount { metadata["tokens.prompt"] = "\(count)" }
        if let count = figures.completionTokenCount { metadata["tokens.completion"] = "\(count)" }
        if let time = figures.timeToFirstToken { metadata["first_token_ms"] = "\(time.milliseconds)" }
        if let reason = figures.failure {
            metadata["failure"] = "\(reason)"
        } else if let failure {
            metadata["failure"] = failure is ClientGone ? "client gone" : "not sent: \(failure.words)"
        }
        let isQuiet = status < 400 && quietRoutes.contains(context.route)
        context.logger.log(level: isQuiet ? .debug : .info, "request", metadata: metadata)
    }

    /// The method, if it is a usual one.
    private static func word(_ method: HTTPRequest.Method) -> String {
        let usual: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .patch, .delete, .options]
        return usual.contains(method) ? method.rawValue : "other"
    }
}

extension Duration {
    fileprivate var milliseconds: String { (seconds * 1000).text(places: 1) }
}

/// Writes an answer in parts that its client takes one after the other.
private struct HeldWriter: ResponseBodyWriter {
    var writer: any ResponseBodyWriter
    let held: HeldBytes

    @concurrent mutating func write(_ buffer: ByteBuffer) async throws {
        var rest = buffer
        while let part = rest.readSlice(length: min(rest.readableBytes, Limits.smallRequestBytesMax)),
            part.readableBytes > 0
        {
            try await writer.write(part)
            held.sent(part.readableBytes)
        }
    }

    @concurrent consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        try await writer.finish(trailingHeaders)
    }
}
