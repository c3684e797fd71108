// SPDX-License-Identifier: MIT
import Hummingbird
import NIOHTTP1

/// What the head of a request says of itself and of its connection (RFC 9110, RFC 9112), beside what it wants.
struct RequestManner: Equatable, Sendable {
    /// The client knows no chunks, no interim answers, and closes unless it says otherwise.
    let isHTTP10: Bool
    /// Another request may follow.
    let persists: Bool
    /// The client waits for a word before it sends the body.
    let awaitsContinue: Bool
    /// It offers another protocol, which is declined; the decoder reads nothing behind such a request.
    let offersUpgrade: Bool

    /// - Throws: ``APIError`` for what must not be answered as if it were understood. Nothing behind it can be read:
    ///   where it ends is not known, or its sender takes it for something else.
    init(_ head: HTTPRequestHead) throws(APIError) {
        isHTTP10 = head.version.minor == 0
        let connection = Self.words(head, "connection")
        persists = !connection.contains("close") && (!isHTTP10 || connection.contains("keep-alive"))
        offersUpgrade = connection.contains("upgrade") && head.headers.contains(name: "upgrade")
        // A client of HTTP/1.0 cannot mean it.
        let expected = isHTTP10 ? [] : Self.words(head, "expect")
        awaitsContinue = expected == ["100-continue"]
        guard head.method != .CONNECT else {
            throw APIError(
                .notImplemented, "this is no proxy: CONNECT opens nothing here",
                type: "invalid_request_error", code: "method_not_implemented")
        }
        try Self.checkHost(head, isHTTP10: isHTTP10)
        try Self.checkBody(head, isHTTP10: isHTTP10)
        guard awaitsContinue || expected.isEmpty else {
            throw APIError(
                .expectationFailed,
                "of what “Expect” may hold only 100-continue is known here, not \(expected.joined(separator: ", "))",
                type: "invalid_request_error")
        }
    }

    /// The comma-separated words of all fields of a name, in lower case.
    private static func words(_ head: HTTPRequestHead, _ name: String) -> [String] {
        head.headers[canonicalForm: name].map { $0.lowercased() }.filter { !$0.isEmpty }
    }

    /// RFC 9112, 3.2.
    private static func checkHost(_ head: HTTPRequestHead, isHTTP10: Bool) throws(APIError) {
        let hosts = head.headers["host"]
        guard hosts.count == 1 || isHTTP10 && hosts.isEmpty else {
            throw .invalid(
                "a request must have one “Host”; this has \(hosts.isEmpty ? "none" : "\(hosts.count)")")
        }
        guard let host = hosts.first else { return }
        guard isFit(host) else { throw .invalid("“Host” holds what no host has in its name") }
        // To a proxy the target is told in full, and a host in it counts for more than the field.
        guard let authority = authority(of: head.uri) else { return }
        guard authority.lowercased() == host.lowercased() else {
            throw .invalid("the request is for \(authority), but “Host” says \(host)")
        }
    }

    private static func isFit(_ host: String) -> Bool {
        host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-._~%!$&'()*+;=:[]".utf8.contains(byte)
            }
        }
    }

    private static func authority(of target: String) -> Substring? {
        guard !target.hasPrefix("/"), let scheme = target.firstRange(of: "://") else { return nil }
        return target[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
    }

    /// RFC 9112, 6.
    private static func checkBody(_ head: HTTPRequestHead, isHTTP10: Bool) throws(APIError) {
        let codings = words(head, "transfer-encoding")
        guard codings.isEmpty || !isHTTP10 else {
            throw .invalid("HTTP/1.0 has no “Transfer-Encoding”: send “Content-Length”")
        }
        guard codings.isEmpty || !head.headers.contains(name: "content-length") else {
            throw .invalid("“Transfer-Encoding” and “Content-Length” exclude each other")
        }
        guard codings.isEmpty || codings == ["chunked"] else {
            throw APIError(
                .notImplemented, "of transfer codings only chunked is known here",
                type: "invalid_request_error")
        }
        guard words(head, "content-encoding").allSatisfy({ $0 == "identity" }) else {
            throw APIError(
                .unsupportedMediaType,
                "compressed bodies are not read here: send it without “Content-Encoding”",
                type: "invalid_request_error", code: "unsupported_content_encoding")
        }
    }
}
