// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol
import NIOCore
import Synchronization

/// The connections of one listener, as ``HalfOpenConnections`` has them.
final class ConnectionGate: Sendable {
    private struct State {
        var connections = HalfOpenConnections()
        var channels: [UInt64: any Channel] = [:]
        var lastID: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Lets a connection in, in place of another stranger's if need be.
    func enter(_ channel: any Channel) -> Pass {
        let address = channel.remoteAddress.map(Self.place) ?? ""
        let (id, displaced) = state.withLock { state in
            state.lastID += 1
            let displaced = state.connections.opened(state.lastID, from: address)
            state.channels[state.lastID] = channel
            return (state.lastID, displaced.flatMap { state.channels.removeValue(forKey: $0) })
        }
        displaced?.close(promise: nil)
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { state in
                state.connections.closed(id)
                state.channels[id] = nil
            }
        }
        return Pass(gate: self, id: id)
    }

    /// What addresses have in common that one machine may choose at will.
    private static func place(_ address: SocketAddress) -> String {
        guard case .v6(let six) = address, let ip = address.ipAddress, !ip.hasPrefix("::ffff:") else {
            return address.ipAddress ?? ""
        }
        // A network of IPv6 is what a machine of IPv4 is; the address stands behind family, port and flow, 8 bytes.
        return withUnsafeBytes(of: six.address) { bytes in
            bytes[8..<16].map { String($0, radix: 16) }.joined(separator: ":")
        }
    }

    /// A connection's place among the others.
    struct Pass: Sendable {
        fileprivate let gate: ConnectionGate
        fileprivate let id: UInt64

        /// The peer has begun to shake hands.
        func spoke() { gate.state.withLock { $0.connections.spoke(id) } }

        /// Whether the peer's proof may be checked now.
        var mayBeChecked: Bool {
            gate.state.withLock { $0.connections.mayBeChecked(id, now: .now) }
        }

        /// The peer is no stranger any more.
        ///
        /// - Returns: `false` if there are too many such connections.
        func proved() -> Bool { gate.state.withLock { $0.connections.proved(id, now: .now) } }
    }
}
