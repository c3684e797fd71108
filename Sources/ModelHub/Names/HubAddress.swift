// SPDX-License-Identifier: MIT
import BitNetCore

/// `http://` or `https://`, a host, perhaps a port, and what follows.
package struct HubAddress: Equatable, Sendable {
    /// Where models are by default.
    package static let standard = "https://huggingface.co"

    package let isEncrypted: Bool
    /// A name or an address, IPv6 without brackets, in small letters.
    package let host: String
    package let port: UInt16
    /// From the slash behind the host; empty or as it was written.
    package let rest: String

    /// - Throws: ``HubError`` for what is no such address; user names and passwords are not taken.
    package init(parsing text: String) throws(HubError) {
        guard text.utf8.count <= Limits.hubAddressBytesMax,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            let match = text.wholeMatch(of: /(?i)(https?):\/\/([^\/?#@]+)([\/?][^#]*)?(?:#.*)?/)
        else { throw HubError("“\(text)” is no address such as \(Self.standard)") }
        isEncrypted = match.output.1.lowercased() == "https"
        let place = String(match.output.2)
        let hasPort = place.contains(/:[0-9]+$/) && !place.hasSuffix("]")
        do throws(AddressError) {
            let parsed = try HostPort(parsing: hasPort ? place : place + (isEncrypted ? ":443" : ":80"))
            host = parsed.host.lowercased()
            port = parsed.port
        } catch {
            throw HubError("“\(text)” is no address such as \(Self.standard): \(error.message)")
        }
        rest = String(match.output.3 ?? "")
    }

    /// The address of something below a hub.
    func appending(_ path: String) -> String {
        var base = origin + rest
        while base.hasSuffix("/") { base.removeLast() }
        return base + path
    }

    /// Where an answer leads to.
    ///
    /// - Throws: ``HubError`` if that is nothing, or is not encrypted while this is.
    func following(_ location: String) throws(HubError) -> HubAddress {
        let next: HubAddress
        if location.hasPrefix("//") {
            next = try HubAddress(parsing: (isEncrypted ? "https:" : "http:") + location)
        } else if location.hasPrefix("/") {
            next = try HubAddress(parsing: origin + location)
        } else {
            next = try HubAddress(parsing: location)
        }
        guard next.isEncrypted || !isEncrypted else {
            throw HubError(
                "\(origin) leads to \(next.origin), which is not encrypted; nothing was asked there")
        }
        return next
    }

    /// Scheme, host and port: who shares them is the same server.
    package var origin: String {
        let place = "\(HostPort(host: host, port: port))"
        let usual = isEncrypted ? ":443" : ":80"
        return (isEncrypted ? "https://" : "http://")
            + (place.hasSuffix(usual) ? String(place.dropLast(usual.count)) : place)
    }

    /// Whether a secret can be sent there.
    var keepsSecrets: Bool { isEncrypted || HostPort(host: host, port: port).isLoopback }

    var text: String { origin + rest }
}
