// SPDX-License-Identifier: MIT

/// One end of a connection: what is sent arrives in order, or not at all.
final class End {
    let program: Program
    private let peer: Peer
    private(set) var isOpen = true
    /// When the last of what was sent arrives.
    private var lastArrival: Int64 = 0
    /// Messages that came before anybody wanted them.
    private var early: [Message] = []
    private(set) var sentByteCount: UInt64 = 0
    private(set) var receivedByteCount: UInt64 = 0
    var closed: (() -> Void)?
    var received: ((Message) -> Void)? {
        didSet {
            while let received, !early.isEmpty, isOpen { received(early.removeFirst()) }
        }
    }

    /// Held apart, so that both ends can know each other.
    private final class Peer {
        weak var end: End?
        let host: Int
        init(host: Int) { self.host = host }
    }

    private init(_ program: Program, peer: Peer) {
        self.program = program
        self.peer = peer
        program.ends.append(self)
    }

    static func pair(_ one: Program, _ other: Program) -> (End, End) {
        let peers = (Peer(host: other.host), Peer(host: one.host))
        let ends = (End(one, peer: peers.0), End(other, peer: peers.1))
        (peers.0.end, peers.1.end) = (ends.1, ends.0)
        return ends
    }

    func send(_ message: Message) {
        guard isOpen else { return }
        let byteCount = message.byteCount
        sentByteCount += byteCount
        carry { $0.arrive(message, byteCount) }
    }

    func close() {
        guard isOpen else { return }
        forget()
        carry { $0.end() }
    }

    /// Its program is gone.
    func orphan(isSilent: Bool) {
        forget()
        if !isSilent { carry { $0.end() } }
    }

    private func carry(_ body: @escaping (End) -> Void) {
        guard let other = peer.end else { return }
        program.network.carry(from: program.host, to: peer.host, after: &lastArrival) { body(other) }
    }

    private func arrive(_ message: Message, _ byteCount: UInt64) {
        guard program.isAlive else {
            // The machine does not know the connection any more, and says so when it can.
            return program.network.whenUp(program.host) { [self] in carry { $0.end() } }
        }
        program.run { [self] in
            guard isOpen else { return }
            receivedByteCount += byteCount
            if let received { received(message) } else { early.append(message) }
        }
    }

    /// The other end is gone.
    private func end() {
        program.run { [self] in
            guard isOpen else { return }
            let closed = closed
            forget()
            closed?()
        }
    }

    private func forget() {
        isOpen = false
        received = nil
        closed = nil
        early = []
        program.ends.removeAll { $0 === self }
    }
}
