// SPDX-License-Identifier: MIT

import Glibc

extension HostPort {
    private struct Address {
        /// As digits.
        let host: String
        let isOwn: Bool
    }

    /// Where to listen: all addresses of this machine that the host stands for, as digits, in the order of the system.
    ///
    /// Blocks while a name service is asked. If this machine has none of them, all are there: listening says so.
    ///
    /// - Throws: ``AddressError`` naming the host, if it stands for nothing.
    package func ownAddresses() throws(AddressError) -> [String] {
        guard !isAddress else { return [host] }
        let all = try addresses()
        let own = all.filter(\.isOwn)
        return (own.isEmpty ? all : own).map(\.host)
    }

    /// All addresses that the host stands for, as digits, in the order of the system.
    ///
    /// Blocks while a name service is asked.
    ///
    /// - Throws: ``AddressError`` naming the host, if it stands for nothing.
    package func allAddresses() throws(AddressError) -> [String] {
        isAddress ? [host] : try addresses().map(\.host)
    }

    private func addresses() throws(AddressError) -> [Address] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(clamping: SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        let failure = getaddrinfo(host, nil, &hints, &first)
        guard failure == 0 else {
            throw AddressError("“\(host)” stands for no address: \(String(cString: gai_strerror(failure)))")
        }
        defer { freeaddrinfo(first) }
        var found: [Address] = []
        for entry in sequence(
            state: first,
            next: { next in
                defer { next = next?.pointee.ai_next }
                return next?.pointee
            })
        {
            guard let digits = Self.digits(of: entry), !found.contains(where: { $0.host == digits }) else {
                continue
            }
            found.append(Address(host: digits, isOwn: Self.isOwn(entry)))
        }
        return found
    }

    private static func digits(of entry: addrinfo) -> String? {
        var text = [CChar](repeating: 0, count: Int(clamping: NI_MAXHOST))
        guard
            getnameinfo(
                entry.ai_addr, entry.ai_addrlen, &text, socklen_t(clamping: text.count), nil, 0,
                NI_NUMERICHOST) == 0
        else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether a socket can have the address, on a port that the system chooses.
    private static func isOwn(_ entry: addrinfo) -> Bool {
        let descriptor = socket(
            entry.ai_family, entry.ai_socktype | Int32(clamping: SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return errno != EAFNOSUPPORT }
        defer { close(descriptor) }
        return bind(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 || errno != EADDRNOTAVAIL
    }
}
