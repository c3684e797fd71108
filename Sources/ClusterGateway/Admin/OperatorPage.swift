// SPDX-License-Identifier: MIT
import COperatorPage
import Crypto
package import Hummingbird
import NIOCore

/// The page that shows an operator his cluster, as a browser gets it.
///
/// It is the same for everybody and needs no key: what it shows it asks of the admin API, with the operator's key.
package enum OperatorPage {
    /// Where all but the page itself lie.
    package static let folder = "/page/"

    /// One of its files.
    package struct File: Sendable {
        /// Without its folder.
        package let name: String
        package let bytes: ByteBuffer
        package let contentType: String
        /// Tells one version from another.
        package let tag: String

        init(_ file: bn_page_file) {
            name = String(cString: file.name)
            let content = UnsafeRawBufferPointer(start: file.bytes, count: file.byte_count)
            bytes = ByteBuffer(bytes: content)
            contentType = Self.contentType(of: name)
            tag = "\"" + SHA256.hash(data: content).prefix(16).map(Self.hexadecimal).joined() + "\""
        }

        private static func contentType(of name: String) -> String {
            switch name.split(separator: ".").last {
            case "html": "text/html; charset=utf-8"
            case "css": "text/css; charset=utf-8"
            case "js": "text/javascript; charset=utf-8"
            case "svg": "image/svg+xml"
            default: "application/octet-stream"
            }
        }

        private static func hexadecimal(_ byte: UInt8) -> String {
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }

    /// All of them; the first is the page itself.
    package static let files: [File] = {
        var count = 0
        guard let first = bn_page_files(&count) else { return [] }
        return UnsafeBufferPointer(start: first, count: count).map(File.init)
    }()

    /// By their paths; the page itself is at `/`.
    private static let places = files.enumerated().map { index, file in
        (path: index == 0 ? "/" : folder + file.name, file: file)
    }

    package static let paths = Set(places.map(\.path))

    static func add(to router: Router<ExchangeContext>) {
        for (path, file) in places {
            router.get(RouterPath(path)) { request, _ in response(file, to: request) }
        }
    }

    /// What a browser keeps it asks for again each time, and is told that it has it: a page of another release than
    /// its coordinator's would misread it.
    private static func response(_ file: File, to request: Request) -> Response {
        var headers = Self.headers
        headers[.contentType] = file.contentType
        headers[.eTag] = file.tag
        guard !isKept(file, by: request.headers[.ifNoneMatch]) else {
            return Response(status: .notModified, headers: headers)
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: file.bytes))
    }

    /// RFC 9110, 13.1.2: weakly compared.
    private static func isKept(_ file: File, by field: String?) -> Bool {
        guard let field else { return false }
        return field.split(separator: ",").contains { part in
            let tag = part.drop { $0 == " " }.prefix { $0 != " " }
            return tag == "*" || tag == file.tag || tag == "W/" + file.tag
        }
    }

    /// It loads nothing but its own files, asks nobody but who served it, and stands in no other page.
    private static let headers: HTTPFields = {
        var headers = HTTPFields()
        headers[.cacheControl] = "no-cache"
        headers[.contentSecurityPolicy] = policy
        for (name, value) in [
            ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
            ("X-Frame-Options", "DENY"), ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
        ] {
            if let name = HTTPFields.Element.Name(name) { headers[name] = value }
        }
        return headers
    }()

    /// No text becomes markup or code, whoever it is from (Content Security Policy Level 3).
    package static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
        "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        "require-trusted-types-for 'script'", "trusted-types 'none'",
    ].joined(separator: "; ")
}
