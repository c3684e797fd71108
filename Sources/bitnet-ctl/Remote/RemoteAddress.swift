// SPDX-License-Identifier: MIT
import BitNetCore

/// Whom a program speaks to, and how that is said when it does not work.
struct RemoteAddress: Equatable, Sendable {
    enum Kind: Sendable {
        /// The admin API.
        case coordinator
        /// The public API.
        case gateway
    }

    let kind: Kind
    /// Without a slash at its end; a gateway's ends in `/v1`.
    private(set) var base: String

    /// Takes `HOST:PORT` for `http://HOST:PORT`.
    init(_ kind: Kind, _ text: String) throws(RemoteError) {
        self.kind = kind
        let option = kind == .coordinator ? "--coordinator" : "--gateway"
        var url = text.contains("://") ? text : "http://\(text)"
        while url.hasSuffix("/") { url.removeLast() }
        guard url.utf8.count <= Limits.addressBytesMax, url.wholeMatch(of: /https?:\/\/[!-~]+/) != nil else {
            throw RemoteError("\(option): “\(text)” is not an address such as http://127.0.0.1:8080")
        }
        base = kind == .gateway && !url.hasSuffix("/v1") ? url + "/v1" : url
    }

    /// A path below the base; `//` begins one that stands beside OpenAI's `/v1`.
    func url(_ path: String) -> String {
        guard path.hasPrefix("//") else { return base + path }
        return (base.hasSuffix("/v1") ? String(base.dropLast(3)) : base) + path.dropFirst()
    }

    /// The same as seen from where `coordinator` was reached.
    ///
    /// A coordinator that listens everywhere tells its address as its own machine has it.
    func reached(by coordinator: RemoteAddress) -> RemoteAddress {
        guard isLoopback, !coordinator.isLoopback else { return self }
        let host = coordinator.hostAndPort.prefix(upTo: coordinator.endOfHost)
        let end = hostAndPort.suffix(from: endOfHost)
        var result = self
        result.base =
            base.prefix { $0 != ":" } + "://" + host + end + base.dropFirst(schemeLength + hostAndPort.count)
        return result
    }

    private var isLoopback: Bool {
        let address = hostAndPort + (endOfHost == hostAndPort.endIndex ? ":0" : "")
        return (try? HostPort(parsing: address))?.isLoopback ?? false
    }

    private var schemeLength: Int { base.prefix { $0 != ":" }.count + 3 }

    /// Where the host's name ends in ``hostAndPort``: before the last colon, unless that is part of an IPv6 address.
    private var endOfHost: String.Index {
        let text = hostAndPort
        guard let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") else { return text.endIndex }
        return colon
    }

    /// `HOST:PORT`, as the coordinator's own options have it.
    private var hostAndPort: String {
        String(base.drop { $0 != ":" }.dropFirst(3).prefix { $0 != "/" })
    }

    var unreachable: RemoteError {
        let message =
            switch kind {
            case .coordinator:
                "no coordinator answers at \(base); is bitnet-coord running there with --admin \(hostAndPort)? "
                    + "--coordinator names another address"
            case .gateway:
                "no gateway answers at \(base); is bitnet-coord serving there? bitnet-ctl status tells, "
                    + "--gateway names another address"
            }
        return RemoteError(message, isPassing: true)
    }

    /// - Parameter reason: the encryption library's.
    func untrusted(because reason: any Error) -> RemoteError {
        let words = "\(reason)"
        return RemoteError(
            words.contains("WRONG_VERSION") || words.contains("EOF")
                ? "\(base) does not speak HTTPS; leave out the “s” of https://, or start bitnet-coord with --ssl-cert-file"
                : "the certificate of \(base) is not trusted here, or is of another host; --ca-file names whom to trust"
        )
    }

    func late(_ limit: Duration) -> RemoteError {
        let name = kind == .coordinator ? "the coordinator" : "the gateway"
        return RemoteError(
            "\(name) at \(base) took a connection but did not answer within \(limit.seconds.text(places: 0)) s; "
                + "its log or the load of its machine may say why", isPassing: true)
    }

    /// An answer that is not a success.
    func refusal(status: UInt, path: String, message: String?) -> RemoteError {
        let keyOption = kind == .coordinator ? "--admin-key-file" : "--api-key-file"
        let text = message.map { ": \($0)" } ?? ""
        return switch status {
        case 401, 403:
            RemoteError("\(base) wants a key that it knows; give \(keyOption) FILE\(text)")
        case 404, 405:
            switch kind {
            case .coordinator:
                RemoteError(
                    "\(base) knows no \(path): it is not the admin API of this release; is it the address of "
                        + "bitnet-coord's --admin?\(text)")
            case .gateway:
                RemoteError("\(base) knows no \(path); is it the gateway of this release?\(text)")
            }
        case 429, 503:
            RemoteError(
                message ?? "\(base) has no room now (status \(status)); try again", isPassing: true)
        default:
            RemoteError(message ?? "\(base)\(path) answers with status \(status)")
        }
    }

    var unreadable: RemoteError {
        RemoteError(
            "\(base) answers with a document that this program cannot read; do both have the same release? "
                + "This is \(Build.name)")
    }
}
