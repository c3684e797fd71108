// SPDX-License-Identifier: MIT
package import AdminAPI
package import BitNetCore
package import Hummingbird
package import Logging

/// The operator's API: state, plan, events, draining, figures for monitoring; and a page that shows them.
package struct AdminServer: Sendable {
    private let server: HTTPServer

    /// - Parameter chat: answers who talks with the model on the page; `nil` for a page without that.
    package init(
        configuration: ListenerConfiguration, administration: any ClusterAdministration,
        health: @escaping @Sendable () -> ServiceHealth, chat: OpenAIRoutes? = nil, log: Logger
    ) {
        server = HTTPServer(
            configuration: configuration.server,
            router: Self.router(
                keys: APIKeys(configuration.keys, firstNumber: configuration.keysBefore),
                administration: administration, health: health, chat: chat, sites: configuration.sites),
            log: log)
    }

    /// Serves until the task is cancelled.
    ///
    /// - Parameter onListening: is given the address once connections are taken.
    /// - Throws: ``HTTPServerError`` if it cannot listen.
    package func run(onListening: @escaping @Sendable (HostPort) -> Void) async throws {
        try await server.run(onListening: onListening)
    }

    /// Every route of the admin API.
    package static func router(
        keys: APIKeys, administration: any ClusterAdministration,
        health: @escaping @Sendable () -> ServiceHealth, chat: OpenAIRoutes? = nil,
        sites: SiteRules = SiteRules(host: "localhost")
    ) -> Router<ExchangeContext> {
        let router = Router.guarded(
            keys: keys, openRoutes: HealthRoutes.paths.union(OperatorPage.paths), sites: sites)
        HealthRoutes(keys: keys, health: health).add(to: router)
        OperatorPage.add(to: router)
        chat?.addChat(to: router)
        router.get(RouterPath(AdminAPI.statusPath)) { _, _ in JSON.response(administration.status()) }
        router.get(RouterPath(AdminAPI.planPath)) { _, _ in
            guard let plan = administration.plan() else {
                throw APIError.unavailable("there is no plan yet: the workers are being joined and measured")
            }
            return JSON.response(plan)
        }
        router.get(RouterPath(AdminAPI.historyPath)) { request, _ in
            JSON.response(administration.history(after: try time(in: request)))
        }
        addPlacement(administration, to: router)
        router.get(RouterPath(AdminAPI.metricsPath)) { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: administration.metrics())))
        }
        router.get(RouterPath(AdminAPI.eventsPath)) { request, context in
            EventStream.response(
                administration.events(after: try EventStream.start(of: request)), for: context.client)
        }
        router.answerOtherMethods()
        return router
    }

    /// Who takes requests, and who has layers.
    private static func addPlacement(
        _ administration: any ClusterAdministration, to router: Router<ExchangeContext>
    ) {
        router.post(RouterPath(AdminAPI.replanPath)) { _, _ in
            try answer { () throws(PlacementError) in try administration.replan() }
        }
        router.post(RouterPath(AdminAPI.drainPath)) { request, _ in
            guard let worker = worker(in: request) else { return JSON.response(administration.drain()) }
            return try answer { () throws(PlacementError) in try administration.drain(worker: worker) }
        }
        router.delete(RouterPath(AdminAPI.drainPath)) { request, _ in
            guard let worker = worker(in: request) else { return JSON.response(administration.resume()) }
            return try answer { () throws(PlacementError) in try administration.resume(worker: worker) }
        }
    }

    /// - Throws: ``APIError`` for what is no time.
    private static func time(in request: Request) throws(APIError) -> Double? {
        guard let text = request.uri.queryParameters["after"] else { return nil }
        guard let time = Double(text), time.isFinite else {
            throw .invalid("“after” must be a time in seconds since 1970", parameter: "after")
        }
        return time
    }

    private static func worker(in request: Request) -> String? {
        request.uri.queryParameters["worker"].map(String.init)
    }

    private static func answer(
        _ body: () throws(PlacementError) -> PlacementDocument
    ) throws(APIError) -> Response {
        do throws(PlacementError) {
            return JSON.response(try body())
        } catch {
            switch error.code {
            case .unknownWorker:
                throw APIError(.notFound, error.message, type: "invalid_request_error", parameter: "worker")
            case .notServing: throw .unavailable(error.message)
            }
        }
    }
}
