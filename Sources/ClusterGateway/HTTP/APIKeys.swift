// SPDX-License-Identifier: MIT
import BitNetCore
package import Hummingbird

/// Keys of which a client must know one.
package struct APIKeys: Sendable {
    private let keys: [[UInt8]]

    /// - Parameter keys: empty lets everybody in.
    package init(_ keys: [String]) {
        self.keys = keys.map { Array($0.utf8) }
    }

    package var isEmpty: Bool { keys.isEmpty }

    /// Compares with every key to the end, so that the time it takes tells nothing of how much was right.
    package func accept(_ text: String) -> Bool {
        let given = Array(text.utf8.prefix(Limits.keyBytesMax + 1))
        var isKnown = false
        for key in keys where Self.equal(key, given) { isKnown = true }
        return isKnown
    }

    private static func equal(_ key: [UInt8], _ given: [UInt8]) -> Bool {
        var difference: UInt8 = key.count == given.count ? 0 : 1
        for (index, byte) in key.enumerated() {
            difference |= byte ^ (given.isEmpty ? 0 : given[index % given.count])
        }
        return difference == 0
    }
}

/// Answers 401 to who does not send `Authorization: Bearer KEY`, but for what a browser asks before it does.
package struct KeyMiddleware: RouterMiddleware {
    package typealias Context = ExchangeContext

    private let keys: APIKeys
    private let openRoutes: Set<String>

    /// - Parameter openRoutes: routes that need no key, as the router was given them.
    package init(keys: APIKeys, openRoutes: Set<String>) {
        self.keys = keys
        self.openRoutes = openRoutes
    }

    @concurrent package func handle(
        _ request: Request, context: ExchangeContext,
        next: @concurrent (Request, ExchangeContext) async throws -> Response
    ) async throws -> Response {
        guard !keys.isEmpty, !openRoutes.contains(context.route), !SiteMiddleware.isPreflight(request) else {
            return try await next(request, context)
        }
        guard let given = Self.key(in: request.headers) else {
            throw Self.refusal("no API key: send it as “Authorization: Bearer KEY”")
        }
        guard keys.accept(given) else { throw Self.refusal("this API key is not known here") }
        context.record.note { $0.key = given }
        return try await next(request, context)
    }

    /// The key that a request brings, if it brings one.
    static func key(in headers: HTTPFields) -> String? {
        guard let field = headers[.authorization] else { return nil }
        let words = field.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
        return String(words[1])
    }

    private static func refusal(_ message: String) -> APIError {
        APIError(.unauthorized, message, type: "invalid_request_error", code: "invalid_api_key")
    }
}
