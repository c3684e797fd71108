// SPDX-License-Identifier: MIT
import BitNetCore

/// By which proxy a server is reached, as the environment has it: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`,
/// small letters first.
package struct ProxyChoice: Equatable, Sendable {
    package struct Server: Equatable, Sendable {
        package let host: String
        package let port: Int
        package let user: String?
        package let password: String
    }

    private let encrypted: Server?
    private let plain: Server?
    private let exceptions: [String]

    /// - Throws: ``HubError`` for a proxy that is none.
    package init(_ variables: [String: String]) throws(HubError) {
        func value(_ name: String) -> String? {
            (variables[name.lowercased()] ?? variables[name]).flatMap { $0.isEmpty ? nil : $0 }
        }
        func server(_ name: String) throws(HubError) -> Server? {
            guard let text = value(name) ?? value("ALL_PROXY") else { return nil }
            return try Self.server(text, name)
        }
        encrypted = try server("HTTPS_PROXY")
        plain = try server("HTTP_PROXY")
        exceptions = (value("NO_PROXY") ?? "").split(separator: ",").map {
            String($0.filter { !$0.isWhitespace }).lowercased()
        }
    }

    private static func server(_ text: String, _ name: String) throws(HubError) -> Server {
        guard
            let match = text.wholeMatch(of: /(?:http:\/\/)?(?:([^@\/]*)@)?([^@\/]+?)\/?/),
            let place = try? HostPort(
                parsing: match.output.2.contains(/:[0-9]+$/) ? String(match.output.2) : "\(match.output.2):80"
            )
        else {
            throw HubError("\(name) names no proxy that can be used; write http://HOST:PORT")
        }
        let secrets = match.output.1?.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return Server(
            host: place.host, port: Int(clamping: place.port), user: secrets?.first.map(unescaped),
            password: secrets.flatMap { $0.count > 1 ? unescaped($0[1]) : nil } ?? "")
    }

    /// `%40` and the like as characters.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(rest.prefix(2)) ?? "", radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The proxy for an address; `nil` if the server is reached without.
    package func server(for address: HubAddress) -> Server? {
        let isException = exceptions.contains { exception in
            guard exception != "*" else { return true }
            var name = exception[...]
            if let colon = name.lastIndex(of: ":"),
                let port = UInt16(name[name.index(after: colon)...], radix: 10)
            {
                guard port == address.port else { return false }
                name = name[..<colon]
            }
            while name.hasPrefix(".") { name.removeFirst() }
            return !name.isEmpty && (address.host == name || address.host.hasSuffix("." + name))
        }
        return isException ? nil : address.isEncrypted ? encrypted : plain
    }
}
