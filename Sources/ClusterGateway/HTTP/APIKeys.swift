// SPDX-License-Identifier: MIT
import BitNetCore
package import Hummingbird

/// Keys of which a client must know one.
package struct APIKeys: Sendable {
    private let keys: [[UInt8]]
    private let firstNumber: Int

    /// - Parameters:
    ///   - keys: empty lets everybody in.
    ///   - firstNumber: number of the first of them: who has one key is not taken for who has another one.
    package init(_ keys: [String], firstNumber: Int = 0) {
        self.keys = keys.map { Array($0.utf8) }
        self.firstNumber = firstNumber
    }

    package var isEmpty: Bool { keys.isEmpty }

    /// Compares with every key to the end, so that the time it takes tells nothing of how much was right.
    ///
    /// - Returns: the number of the key, `nil` if it is none of them.
    package func number(of text: String) -> Int? {
        let given = Array(text.utf8.prefix(Limits.keyBytesMax + 1))
        var number: Int?
        for (index, key) in keys.enumerated() where Self.equal(key, given) {
            number = number ?? firstNumber + index
        }
        return number
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
        guard let number = keys.number(of: given) else {
            throw Self.refusal("this API key is not known here")
        }
        context.record.note { $0.key = number }
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
