// SPDX-License-Identifier: MIT
import BitNetCore
import Glibc
package import Hummingbird

/// Which names a listener answers to, and which sites' pages may ask it.
///
/// A browser sends whatever a page wants to whatever its name resolves to. Where no key keeps pages out, the name
/// must be this listener's, so that none can be made to resolve to it, and the page its own.
package struct SiteRules: Equatable, Sendable {
    /// Without a key nobody is let in; with one, pages that have none learn nothing whatever they send.
    package var hasKeys = false
    /// The host that is listened on.
    package var host: String
    /// Further names, in lower case.
    package var allowedHosts: Set<String> = []
    /// Sites whose pages may ask: `https://chat.example`, in lower case, or `*`.
    package var allowedOrigins: Set<String> = []

    package init(host: String) {
        self.host = host
    }

    /// Why a request is refused; `nil` if it is not.
    package func refusal(of request: Request) -> APIError? {
        guard !hasKeys else { return nil }
        if let authority = request.head.authority, !isKnown(Self.host(of: authority)) {
            return APIError(
                .misdirectedRequest,
                "“\(authority)” is not a name of this server: start it with --allowed-host \(Self.host(of: authority)) if it should be",
                type: "invalid_request_error", code: "host_not_allowed")
        }
        guard let site = foreignSite(of: request), !allows(origin: request.headers[.origin]) else {
            return nil
        }
        return Self.refusal(of: site.origin)
    }

    /// Another site; not every request of its pages tells its origin.
    private struct Site {
        let origin: String?
    }

    /// A page of another site asks; `nil` if none does, as far as the request says.
    private func foreignSite(of request: Request) -> Site? {
        let origin = request.headers[.origin]
        if let origin, !Self.isSame(origin, as: request.head.authority) { return Site(origin: origin) }
        let relation = HTTPFields.Element.Name("Sec-Fetch-Site").flatMap { request.headers[$0] }
        guard let relation, relation != "same-origin", relation != "none" else { return nil }
        return Site(origin: origin)
    }

    static func refusal(of origin: String?) -> APIError {
        APIError(
            .forbidden,
            origin.map {
                "pages of \($0) may not ask this server: start it with --cors-origin \($0) if they should"
            }
                ?? "pages of another site may not ask this server: open its address itself",
            type: "invalid_request_error", code: "origin_not_allowed")
    }

    package func allows(origin: String?) -> Bool {
        guard let origin else { return false }
        return allowedOrigins.contains("*") || allowedOrigins.contains(origin.lowercased())
    }

    /// Scheme, host and perhaps a port, as a browser writes it.
    package static func isOrigin(_ text: String) -> Bool {
        guard let scheme = text.firstRange(of: "://"), scheme.lowerBound > text.startIndex else {
            return false
        }
        let site = text[scheme.upperBound...]
        return (try? HostPort(parsing: String(site))) != nil || (try? HostPort(parsing: "\(site):0")) != nil
    }

    // MARK: Names

    private func isKnown(_ name: String) -> Bool {
        let listens = HostPort(host: host, port: 0)
        let asked = HostPort(host: name, port: 0)
        if name == host.lowercased() || allowedHosts.contains(name) { return true }
        let isEverywhere = host == "0.0.0.0" || host == "::"
        if asked.isLoopback || name.hasSuffix(".localhost") { return listens.isLoopback || isEverywhere }
        // No name is resolved to get to an address, and each of them may be this machine's, seen from elsewhere.
        return isEverywhere && (asked.isAddress || name == Self.machine)
    }

    /// This machine's name for itself.
    private static let machine: String = {
        var name = [CChar](repeating: 0, count: Int(clamping: HOST_NAME_MAX) + 1)
        guard gethostname(&name, name.count) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            .lowercased()
    }()

    /// `[::1]:8080` without brackets and port, in lower case; a dot at the end says that nothing is to be added.
    static func host(of authority: String) -> String {
        let text = authority.lowercased()
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            return String(text[text.index(after: text.startIndex)..<end])
        }
        let name = text.prefix { $0 != ":" }
        return String(name.hasSuffix(".") ? name.dropLast() : name)
    }

    /// Whatever stands before it may have spoken HTTPS to the page.
    private static func isSame(_ origin: String, as authority: String?) -> Bool {
        guard let authority, let scheme = origin.firstRange(of: "://") else { return false }
        let site = origin[scheme.upperBound...].lowercased()
        let own = authority.lowercased()
        return site == own || site + ":80" == own || site + ":443" == own || site == own + ":80"
    }
}

/// Keeps out pages of other sites, and lets in those that may ask (Fetch standard, CORS protocol).
struct SiteMiddleware: RouterMiddleware {
    typealias Context = ExchangeContext

    private static let requestMethod = HTTPFields.Element.Name("Access-Control-Request-Method")

    let rules: SiteRules

    @concurrent func handle(
        _ request: Request, context: ExchangeContext,
        next: @concurrent (Request, ExchangeContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        let origin = request.headers[.origin]
        if let refusal = rules.refusal(of: request) {
            context.record.note { $0.failure = refusal.message }
            response = refusal.response
        } else if let origin, Self.isPreflight(request) {
            response =
                rules.allows(origin: origin)
                ? try await next(request, context).answering(preflight: request)
                : SiteRules.refusal(of: origin).response
        } else {
            response = try await next(request, context)
        }
        response.headers[.vary] = "Origin"
        if let origin, rules.allows(origin: origin) {
            response.headers.set("Access-Control-Allow-Origin", origin)
            response.headers.set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After")
        }
        return response
    }

    /// What a browser asks before the request that it is about; it sends no key with it.
    static func isPreflight(_ request: Request) -> Bool {
        request.method == .options && requestMethod.map { request.headers[$0] != nil } ?? false
    }
}

extension Response {
    /// The same, for a browser that asks which requests a page may send.
    fileprivate func answering(preflight request: Request) -> Response {
        guard status == .noContent else { return self }
        var response = self
        response.headers.set("Access-Control-Allow-Methods", headers[.allow] ?? "GET, POST")
        let wanted = HTTPFields.Element.Name("Access-Control-Request-Headers").flatMap { request.headers[$0] }
        response.headers.set(
            "Access-Control-Allow-Headers", wanted ?? "Authorization, Content-Type, X-Request-Id")
        response.headers.set("Access-Control-Max-Age", "600")
        response.headers.set("Access-Control-Allow-Private-Network", "true")
        return response
    }
}

extension HTTPFields {
    fileprivate mutating func set(_ name: String, _ value: String) {
        if let name = HTTPFields.Element.Name(name) { self[name] = value }
    }
}
