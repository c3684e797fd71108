// SPDX-License-Identifier: MIT
import BitNetCore
import NIOCore
import NIOSSL
import Synchronization

/// Sees by the first byte of a connection that was accepted whether its peer encrypts, and answers accordingly.
///
/// Whether a peer may speak without is decided by the handshake, which can tell it why not. A certificate costs this
/// side more than a stranger, so one address may ask for a bounded number in a second, as for checks of proofs.
final class EncryptionDetector: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let certificates: LinkCertificates?
    private let pass: ConnectionGate.Pass
    private let link: LinkState
    private let peer: String
    /// What has come while the peer must wait.
    private var waiting: [ByteBuffer] = []

    /// - Parameter certificates: `nil` if this side cannot encrypt.
    init(certificates: LinkCertificates?, pass: ConnectionGate.Pass, link: LinkState, peer: String) {
        self.certificates = certificates
        self.pass = pass
        self.link = link
        self.peer = peer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        guard waiting.isEmpty else { return waiting.append(bytes) }
        guard let first = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) else { return }
        waiting.append(bytes)
        guard first == Self.handshakeRecord else { return pass(on: context) }
        guard let certificates else {
            context.fireErrorCaught(
                TransportError(
                    .violation,
                    "\(peer) encrypts, so it has a cluster key, but this side has none; give both the same key file, or none to both"
                ))
            return
        }
        pass.spoke()
        encrypt(context, certificates)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if waiting.isEmpty { context.fireChannelReadComplete() }
    }

    private func encrypt(_ context: ChannelHandlerContext, _ certificates: LinkCertificates) {
        guard context.channel.isActive else { return }
        guard pass.mayBeChecked else {
            // Whoever waits for its first frame closes it at the deadline.
            context.channel.setOption(.autoRead, value: false).whenFailure { _ in }
            let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: TimeAmount(Limits.proofRetryInterval)) {
                let (detector, context) = loopBound.value
                detector.encrypt(context, certificates)
            }
            return
        }
        context.channel.setOption(.autoRead, value: true).whenFailure { _ in }
        do {
            try context.pipeline.syncOperations.addHandler(
                NIOSSLServerHandler(context: certificates.server), position: .after(self))
            link.isEncrypted = true
            pass(on: context)
        } catch {
            context.fireErrorCaught(error)
        }
    }

    private func pass(on context: ChannelHandlerContext) {
        for bytes in waiting { context.fireChannelRead(wrapInboundOut(bytes)) }
        waiting = []
        context.fireChannelReadComplete()
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    /// Type of a TLS record that begins a connection (RFC 8446, section 5.1); no frame begins like this.
    private static let handshakeRecord: UInt8 = 22
}

/// What is known of a connection's protection.
final class LinkState: Sendable {
    private let encrypted: Atomic<Bool>

    init(isEncrypted: Bool) {
        encrypted = Atomic(isEncrypted)
    }

    /// Decided with the first byte.
    var isEncrypted: Bool {
        get { encrypted.load(ordering: .sequentiallyConsistent) }
        set { encrypted.store(newValue, ordering: .sequentiallyConsistent) }
    }
}
