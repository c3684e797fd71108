// SPDX-License-Identifier: MIT
package import BitNetCore
package import Hummingbird
package import Logging

/// The public API over a text generator.
package struct Gateway: Sendable {
    private let server: HTTPServer

    /// - Parameter reasoningFormat: where thoughts are written, unless a request says it.
    package init(
        configuration: ListenerConfiguration, generator: any TextGenerator,
        reasoningFormat: ReasoningFormat = .auto, log: Logger
    ) {
        let metrics = GatewayMetrics()
        server = HTTPServer(
            configuration: configuration.server,
            router: Self.router(
                keys: APIKeys(configuration.keys), generator: generator, metrics: metrics,
                reasoningFormat: reasoningFormat, sites: configuration.sites),
            metrics: metrics, log: log)
    }

    /// Serves until the task is cancelled; answers that are under way then have `Limits.stopGrace` to finish.
    ///
    /// - Parameter onListening: is given the address once connections are taken.
    /// - Throws: ``HTTPServerError`` if it cannot listen.
    package func run(onListening: @escaping @Sendable (HostPort) -> Void) async throws {
        try await server.run(onListening: onListening)
    }

    /// Every route of the public API.
    package static func router(
        keys: APIKeys, generator: any TextGenerator, metrics: GatewayMetrics,
        reasoningFormat: ReasoningFormat = .auto, sites: SiteRules = SiteRules(host: "localhost")
    ) -> Router<ExchangeContext> {
        let router = Router.guarded(keys: keys, openRoutes: HealthRoutes.paths, sites: sites)
        HealthRoutes(keys: keys) { generator.health }.add(to: router)
        OpenAIRoutes(generator: generator, metrics: metrics, reasoningFormat: reasoningFormat).add(to: router)
        TokenRoutes(generator: generator).add(to: router)
        router.answerOtherMethods()
        return router
    }
}
