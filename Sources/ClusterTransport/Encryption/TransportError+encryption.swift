// SPDX-License-Identifier: MIT
import BitNetCore
import NIOSSL

extension TransportError {
    /// What an error of a connection means, which may be one of its encryption.
    init(_ error: any Error, of peer: String) {
        switch error {
        case let error as TransportError: self = error
        // A process that ends says no farewell.
        case NIOSSLError.uncleanShutdown: self.init(.closed, "\(peer) closed the connection")
        case NIOSSLError.handshakeFailed(.sslError(let reasons)) where reasons == [.eofDuringHandshake]:
            self.init(.plain, "\(peer) closed the connection before it was encrypted")
        case NIOSSLError.handshakeFailed(let reason): self.init(reason, of: peer)
        // Who dialled has its certificate refused after its own side of the handshake is done.
        case let error as BoringSSLError: self.init(error, of: peer)
        default: self.init(.closed, "connection to \(peer) broke: \(error.words)")
        }
    }

    private init(_ reason: BoringSSLError, of peer: String) {
        let words = "\(reason)"
        let isForeign = ["CERTIFICATE", "UNKNOWN_CA", "BAD_SIGNATURE", "ALERT_DECRYPT"].contains(
            where: words.contains)
        self.init(
            isForeign ? .foreign : .violation,
            isForeign
                ? "\(peer) and this side do not trust each other's certificates"
                : "\(peer) cannot be encrypted with: it breaks TLS 1.3")
    }
}
