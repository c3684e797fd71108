// SPDX-License-Identifier: MIT
package import BitNetCore
package import Hummingbird

/// A refusal in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`.
package struct APIError: HTTPResponseError, RemediableError, Equatable {
    package let status: HTTPResponse.Status
    /// One line for people.
    package let message: String
    /// OpenAI's kind of error, such as `invalid_request_error`.
    package let type: String
    /// The field of the request that is at fault.
    package let parameter: String?
    /// A word for programs.
    package let code: String?
    /// When another try may be worth it.
    package let retryAfter: Duration?

    package init(
        _ status: HTTPResponse.Status, _ message: String, type: String, parameter: String? = nil,
        code: String? = nil, retryAfter: Duration? = nil
    ) {
        self.status = status
        self.message = PrintableText.line(message, bytesMax: 1024)
        self.type = type
        self.parameter = parameter
        self.code = code
        self.retryAfter = retryAfter
    }

    package var statusCode: Int { status.code }

    /// 400: the request can never be answered as it stands.
    package static func invalid(
        _ message: String, parameter: String? = nil, code: String? = nil
    ) -> APIError {
        APIError(
            .badRequest, message, type: "invalid_request_error", parameter: parameter, code: code)
    }

    /// 503: not now.
    package static func unavailable(_ message: String, retryAfter: Duration? = nil) -> APIError {
        APIError(
            .serviceUnavailable, message, type: "server_error", code: "service_unavailable",
            retryAfter: retryAfter ?? .seconds(5))
    }

    /// 500: our bug; what it was stands in the log.
    package static let `internal` = APIError(
        .internalServerError, "the server failed; its log says why under this request's id",
        type: "server_error", code: "internal_error")

    package var document: Document {
        Document(
            error: .init(
                message: message, type: type, param: Nullable(parameter), code: Nullable(code)))
    }

    package func response(from request: Request, context: some RequestContext) -> Response {
        response
    }

    var buffer: ByteBuffer { JSON.buffer(document) }

    package var response: Response {
        var headers = HTTPFields()
        if let retryAfter {
            headers[.retryAfter] = String(max(1, Int(clamping: retryAfter.seconds.rounded(.up))))
        }
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        // What is left of such a request is not worth reading.
        if status == .contentTooLarge || status == .requestTimeout { headers[.connection] = "close" }
        return JSON.response(document, status: status, headers: headers)
    }

    package struct Document: Encodable, Sendable {
        package struct Body: Encodable, Sendable {
            let message: String
            let type: String
            let param: Nullable<String>
            let code: Nullable<String>
        }

        let error: Body
    }
}

extension APIError {
    /// Any error as one that a client may see.
    ///
    /// - Returns: `nil` for our bugs, whose words are not for clients.
    package init?(_ error: any Error) {
        switch error {
        case let error as APIError: self = error
        case let error as GenerationError: self.init(error)
        case let error as HTTPError:
            guard error.status.code < 500 else { return nil }
            self.init(error.status, error.body ?? error.status.reasonPhrase, type: "invalid_request_error")
        default: return nil
        }
    }

    package init(_ error: GenerationError) {
        switch error.code {
        case .invalid:
            self = .invalid(error.message)
        case .tooLong:
            self = .invalid(error.message, code: "context_length_exceeded")
        case .overloaded:
            self.init(
                .tooManyRequests, error.message, type: "rate_limit_error", code: "rate_limit_exceeded",
                retryAfter: error.retryAfter ?? .seconds(1))
        case .unavailable, .failed:
            self = .unavailable(error.message, retryAfter: error.retryAfter)
        }
    }
}
