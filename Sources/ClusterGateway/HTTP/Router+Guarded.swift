// SPDX-License-Identifier: MIT
import BitNetCore
package import Hummingbird
import Logging

extension Router<ExchangeContext> {
    /// A router whose every answer, refusals too, is JSON, and whose routes but `openRoutes` want a key.
    ///
    /// Once its routes are added, ``answerOtherMethods()`` completes it.
    package static func guarded(
        keys: APIKeys, openRoutes: Set<String>, sites: SiteRules
    ) -> Router<ExchangeContext> {
        let router = Router(context: ExchangeContext.self, options: .autoGenerateHeadEndpoints)
        var sites = sites
        sites.hasKeys = !keys.isEmpty
        // Before errors become answers: a page is to read these, too.
        router.add(middleware: SiteMiddleware(rules: sites))
        router.add(middleware: ErrorMiddleware())
        router.add(middleware: KeyMiddleware(keys: keys, openRoutes: openRoutes))
        return router
    }

    /// Answers 405 with `Allow` to methods that a path does not have, and tells them to `OPTIONS`.
    package func answerOtherMethods() {
        let paths = Dictionary(grouping: routes, by: \.path.description)
        add(middleware: ServerOptionsMiddleware(allowed: Self.allowed(by: Set(routes.map(\.method)))))
        for (path, routes) in paths {
            let methods = Set(routes.map(\.method))
            let allowed = Self.allowed(by: methods)
            on(RouterPath(path), method: .options) { _, _ in
                Response(status: .noContent, headers: [.allow: allowed])
            }
            let others: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .trace, .connect]
            for method in others
            where !methods.contains(method) && !(method == .head && methods.contains(.get)) {
                on(RouterPath(path), method: method) { _, _ in
                    var response = APIError(
                        .methodNotAllowed, "\(path) takes \(allowed), not \(method.rawValue)",
                        type: "invalid_request_error", code: "method_not_allowed"
                    ).response
                    response.headers[.allow] = allowed
                    return response
                }
            }
        }
    }

    /// `methods` with those that come with them, for `Allow`.
    private static func allowed(by methods: Set<HTTPRequest.Method>) -> String {
        methods.union(methods.contains(.get) ? [.head, .options] : [.options])
            .map(\.rawValue).sorted().joined(separator: ", ")
    }
}

/// Answers `OPTIONS *`, which asks about the server and no path of it (RFC 9110, section 9.3.7).
struct ServerOptionsMiddleware: RouterMiddleware {
    typealias Context = ExchangeContext

    /// What any of its paths takes.
    let allowed: String

    @concurrent func handle(
        _ request: Request, context: ExchangeContext,
        next: @concurrent (Request, ExchangeContext) async throws -> Response
    ) async throws -> Response {
        guard request.method == .options, request.uri.path == "*" else {
            return try await next(request, context)
        }
        return Response(status: .noContent, headers: [.allow: allowed])
    }
}

/// Makes an answer of every error.
struct ErrorMiddleware: RouterMiddleware {
    typealias Context = ExchangeContext

    @concurrent func handle(
        _ request: Request, context: ExchangeContext,
        next: @concurrent (Request, ExchangeContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as ClientGone {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch let error as HTTPError where error.status == .notFound {
            return APIError(
                .notFound, "there is nothing at \(request.uri.path)", type: "invalid_request_error",
                code: "not_found"
            ).response
        } catch {
            if let refusal = APIError(error) {
                context.record.note { $0.failure = refusal.message }
                return refusal.response
            }
            context.logger.error(
                "request failed", metadata: ["error": "\(error.words)", "request.route": "\(context.route)"])
            return APIError.internal.response
        }
    }
}
