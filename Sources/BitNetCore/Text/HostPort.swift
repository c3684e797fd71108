// SPDX-License-Identifier: MIT

import Glibc

/// Where a program listens or is reached: `127.0.0.1:7101`, `[::1]:7101`, `node-3.rack:7101`.
package struct HostPort: Hashable, Sendable {
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    package let host: String
    /// 0 has the system choose a port to listen on.
    package let port: UInt16

    /// Whatever the host is; for addresses that the system gave.
    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// - Throws: ``AddressError``.
    package init(parsing text: String) throws(AddressError) {
        guard text.utf8.count <= Limits.addressBytesMax else {
            throw AddressError(
                "an address of \(text.utf8.count) bytes; at most \(Limits.addressBytesMax) are taken")
        }
        guard let colon = text.lastIndex(of: ":") else {
            throw AddressError("“\(text)” has no port; write HOST:PORT, for instance 127.0.0.1:7101")
        }
        let host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        guard digits.allSatisfy({ ("0"..."9").contains($0) }), let port = UInt16(digits, radix: 10) else {
            throw AddressError("“\(digits)” in “\(text)” is not a port, a number up to 65535")
        }
        self.port = port
        self.host = try Self.unbracketed(String(host), of: text)
    }

    /// A host alone; an IPv6 address may have brackets.
    ///
    /// - Throws: ``AddressError``.
    package static func host(parsing text: String) throws(AddressError) -> String {
        try HostPort(parsing: text.hasPrefix("[") ? "\(text):0" : "\(HostPort(host: text, port: 0))").host
    }

    private static func unbracketed(_ host: String, of text: String) throws(AddressError) -> String {
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = String(host.dropFirst().dropLast())
            guard ipv6(address) != nil else { throw AddressError("“\(address)” is not an IPv6 address") }
            return address
        }
        guard !host.contains(":") else {
            throw AddressError("“\(text)”: put an IPv6 address in brackets, for instance [::1]:7101")
        }
        let isName = host.unicodeScalars.allSatisfy {
            switch $0 {
            case "a"..."z", "A"..."Z", "0"..."9", ".", "-", "_": true
            default: false
            }
        }
        guard isName, !host.isEmpty else { throw AddressError("“\(host)” in “\(text)” is not a host name") }
        let isNumeric = host.unicodeScalars.allSatisfy { $0 == "." || ("0"..."9").contains($0) }
        guard !isNumeric || ipv4(host) != nil else { throw AddressError("“\(host)” is not an IPv4 address") }
        return host
    }

    /// Only programs on this machine reach it.
    ///
    /// A name other than `localhost` may resolve to anything, so it does not count.
    package var isLoopback: Bool {
        if host.lowercased() == "localhost" { return true }
        if let address = Self.ipv4(host) { return address[0] == 127 }
        guard let address = Self.ipv6(host) else { return false }
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        return address == [UInt8](repeating: 0, count: 15) + [1]
            || address.prefix(12) == mapped[...] && address[12] == 127
    }

    /// It names no machine, but says where it is.
    package var isAddress: Bool { Self.ipv4(host) != nil || Self.ipv6(host) != nil }

    private static func ipv4(_ text: String) -> [UInt8]? { bytes(of: text, family: AF_INET, count: 4) }

    /// An address without its zone (`%eth0`).
    private static func ipv6(_ text: String) -> [UInt8]? {
        let zone = text.firstIndex(of: "%")
        if let zone, text[zone...].utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) { return nil }
        return bytes(of: String(text[..<(zone ?? text.endIndex)]), family: AF_INET6, count: 16)
    }

    private static func bytes(of text: String, family: Int32, count: Int) -> [UInt8]? {
        // A NUL would end the text early for C.
        guard !text.utf8.contains(0) else { return nil }
        var address = [UInt8](repeating: 0, count: count)
        return inet_pton(family, text, &address) == 1 ? address : nil
    }
}

extension HostPort: CustomStringConvertible {
    /// As it was written: with brackets around an IPv6 address.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// As a client on this machine reaches it, if a program listens there on all addresses.
    package var reachable: HostPort {
        switch host {
        case "0.0.0.0": HostPort(host: "127.0.0.1", port: port)
        case "::": HostPort(host: "::1", port: port)
        default: self
        }
    }
}

/// What is no address.
package struct AddressError: RemediableError, Equatable {
    package let message: String

    init(_ message: String) {
        self.message = PrintableText.line(message)
    }
}
