// SPDX-License-Identifier: MIT
import AdminAPI
package import BitNetCore
package import Hummingbird

/// Whether the service works (`/health`) and whether it takes requests (`/ready`): 200, or 503 with the reason.
///
/// Who has no key where one is wanted is told the state only: reasons name workers and their addresses.
package struct HealthRoutes: Sendable {
    /// Probes have no key.
    package static let paths: Set<String> = [AdminAPI.healthPath, AdminAPI.readyPath]

    private let keys: APIKeys
    private let health: @Sendable () -> ServiceHealth

    /// - Parameter keys: of which one must come with a request that wants to know reasons.
    package init(keys: APIKeys, health: @escaping @Sendable () -> ServiceHealth) {
        self.keys = keys
        self.health = health
    }

    package func add(to router: Router<ExchangeContext>) {
        router.get(RouterPath(AdminAPI.healthPath)) { request, _ in
            let health = health(for: request)
            return Self.response(health, isFine: health.isHealthy)
        }
        router.get(RouterPath(AdminAPI.readyPath)) { request, _ in
            let health = health(for: request)
            return Self.response(health, isFine: health.state == .serving)
        }
    }

    private func health(for request: Request) -> ServiceHealth {
        var health = health()
        let isKnown = KeyMiddleware.key(in: request.headers).map(keys.accept) ?? false
        if !keys.isEmpty, !isKnown { health.reason = nil }
        return health
    }

    private static func response(_ health: ServiceHealth, isFine: Bool) -> Response {
        var headers = HTTPFields()
        headers[.cacheControl] = "no-store"
        return JSON.response(
            HealthDocument(health, isFine: isFine), status: isFine ? .ok : .serviceUnavailable,
            headers: headers)
    }
}

extension HealthDocument {
    /// - Parameter isFine: what was asked for is so.
    init(_ health: ServiceHealth, isFine: Bool) {
        let trouble = health.state == .serving ? "stalled" : health.state.rawValue
        self.init(
            status: isFine ? "ok" : trouble, reason: health.reason,
            secondsSinceLastToken: health.sinceLastToken?.seconds)
    }
}
