// SPDX-License-Identifier: MIT
import AdminAPI
package import BitNetCore
package import Hummingbird

/// Whether the service works (`/health`) and whether it takes requests (`/ready`): 200, or 503 with the reason.
package struct HealthRoutes: Sendable {
    /// Probes have no key.
    package static let paths: Set<String> = [AdminAPI.healthPath, AdminAPI.readyPath]

    private let health: @Sendable () -> ServiceHealth

    package init(health: @escaping @Sendable () -> ServiceHealth) {
        self.health = health
    }

    package func add(to router: Router<ExchangeContext>) {
        router.get(RouterPath(AdminAPI.healthPath)) { _, _ in
            let health = health()
            return Self.response(health, isFine: health.isHealthy)
        }
        router.get(RouterPath(AdminAPI.readyPath)) { _, _ in
            let health = health()
            return Self.response(health, isFine: health.state == .serving && health.isHealthy)
        }
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
