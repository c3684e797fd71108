// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterWire
import NIOCore
import NIOPosix

/// One connection that goes through a hostile member's hands.
///
/// Safety: `@unchecked Sendable` because it is touched on the member's event loop only.
final class RelayedConnection: @unchecked Sendable {
    /// What goes one way.
    private struct Way {
        var decoder = FrameDecoder()
        /// Frames that come later, with how many go first.
        var held: [(frame: RawFrame, after: Int)] = []
        var isQuiet = false
    }

    private let member: HostileMember
    /// Of the worker that listens.
    private let worker: Int
    private let port: Int
    private let client: any Channel
    private var server: (any Channel)?
    private let serverClosed: EventLoopPromise<Void>
    private var role: ConnectionRole?
    private var session: UInt64 = 0
    private var isWelcomed = false
    /// The honest end measures with many bytes; that is over soon where these take long.
    private var isSlow = false
    private var toWorker = Way()
    private var fromWorker = Way()

    init(_ member: HostileMember, worker: Int, port: Int, client: any Channel) {
        self.member = member
        self.worker = worker
        self.port = port
        self.client = client
        serverClosed = client.eventLoop.makePromise()
    }

    func connect() {
        member.enter(self)
        guard let address = try? SocketAddress(ipAddress: "127.0.0.1", port: port) else { return close() }
        let dialled = ClientBootstrap(group: client.eventLoop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { [self] server in
                server.eventLoop.makeCompletedFuture {
                    try server.pipeline.syncOperations.addHandler(RelayEnd(self, .fromWorker))
                }
            }
            .connect(to: address)
        dialled.whenComplete { [self] result in
            guard case .success(let channel) = result else {
                serverClosed.succeed()
                return close()
            }
            server = channel
            channel.closeFuture.cascade(to: serverClosed)
            guard client.isActive else { return close() }
            client.setOption(.autoRead, value: true).whenFailure { _ in }
        }
    }

    func closed(_ direction: Direction) -> EventLoopFuture<Void> {
        direction == .toWorker ? serverClosed.futureResult : client.closeFuture
    }

    /// Tells the worker that its holder is there, if he is connected.
    func keepHeld() {
        guard role == .control, isWelcomed, client.isActive else { return }
        write(RawFrame(Frame(Heartbeat(sequence: .max))).bytes, .toWorker)
    }

    func close() {
        client.close(promise: nil)
        server?.close(promise: nil)
    }

    // MARK: What comes

    private subscript(_ direction: Direction) -> Way {
        get { direction == .toWorker ? toWorker : fromWorker }
        set {
            switch direction {
            case .toWorker: toWorker = newValue
            case .fromWorker: fromWorker = newValue
            }
        }
    }

    func received(_ bytes: ByteBuffer, _ direction: Direction) {
        self[direction].decoder.append(bytes)
        do {
            while let frame = try self[direction].decoder.next() { take(frame, direction) }
        } catch {
            member.blame("an honest member sent what is no frame: \(error)")
            close()
        }
    }

    /// One end is closed: so is the other one, unless nothing gets there.
    func ended(_ direction: Direction) {
        guard !member.isUnplugged(worker), !self[direction].isQuiet else { return }
        end(of: direction)?.close(mode: .all, promise: nil)
    }

    private func end(of direction: Direction) -> (any Channel)? { direction == .toWorker ? server : client }

    private func take(_ frame: Frame, _ direction: Direction) {
        if frame.type == .hello, let hello = try? Hello.decode(frame.payload) {
            role = hello.role
            session = hello.session
        }
        guard isWelcomed || frame.type == .welcome, let role else {
            return write(RawFrame(frame).bytes, direction)
        }
        isWelcomed = true
        let raw = RawFrame(frame)
        if frame.type == .probe { isSlow = raw.payload.count > Self.quickByteCount }
        guard frame.type == .probed, isSlow else { return act(on: raw, direction, role) }
        client.eventLoop.scheduleTask(in: Self.slowness) { [self] in act(on: raw, direction, role) }
    }

    /// Of a probe of the way's latency.
    private static let quickByteCount = 1 << 10
    /// More than a measurement of the way's speed is to take at least.
    private static let slowness: TimeAmount = .milliseconds(25)

    private func act(on frame: RawFrame, _ direction: Direction, _ role: ConnectionRole) {
        pass(frame, direction, member.actions(worker, role, direction, frame))
    }

    // MARK: What goes on

    private func pass(_ honest: RawFrame, _ direction: Direction, _ actions: [Action]) {
        var (frame, count, after) = (honest, 1, 0)
        for action in actions {
            switch action {
            case .dropped: count = 0
            case .repeated(let more): count += more
            case .held(let others): after = others
            case .fields(let seed): frame.draw(seed: seed)
            case .appended(let bytes): frame.payload += bytes
            case .stream(let stream): frame.stream = stream
            case .typed(let type): frame.type = type
            case .cut(let byteCount):
                write(Array(frame.bytes.prefix(byteCount)), direction, closes: true)
            case .damaged(let place, let value):
                var bytes = frame.bytes
                bytes[place] = value
                write(bytes, direction)
                count = 0
            case .inserted, .closed, .quiet, .unplugged, .dialled: break
            }
        }
        if count > 0, after > 0 {
            self[direction].held.append((frame, after))
        } else {
            for _ in 0..<count { write(frame.bytes, direction) }
            releaseHeld(direction)
        }
        for action in actions { follow(action, direction) }
    }

    private func releaseHeld(_ direction: Direction) {
        let held = self[direction].held.map { (frame: $0.frame, after: $0.after - 1) }
        self[direction].held = held.filter { $0.after > 0 }
        for (frame, _) in held.filter({ $0.after <= 0 }) { write(frame.bytes, direction) }
    }

    /// What is done once the frame is on its way.
    private func follow(_ action: Action, _ direction: Direction) {
        switch action {
        case .inserted(let type, let seed, let count, let way):
            for index in 0..<count { write(drawn(type, seed: seed &+ UInt64(index)).bytes, way) }
        case .closed: close()
        case .quiet: self[direction].isQuiet = true
        case .unplugged: member.unplug(worker)
        case .dialled(let role, let seed):
            let types = FrameType.allCases
            let frames = (0..<3).compactMap { index in
                let raw = drawn(
                    types[Int(truncatingIfNeeded: (seed >> (8 * index)) % UInt64(types.count))], seed: seed)
                return try? Frame(type: raw.type, stream: raw.stream, payload: raw.payload)
            }
            member.dial(role, session: session, to: port, frames: frames)
        default: break
        }
    }

    /// What was seen of a type, or nothing, with other values.
    private func drawn(_ type: FrameType, seed: UInt64) -> RawFrame {
        var frame = RawFrame(type: type, payload: member.samples[type] ?? [])
        // As it is once in four times.
        if seed % 4 != 0 { frame.draw(seed: seed) }
        return frame
    }

    private func write(_ bytes: [UInt8], _ direction: Direction, closes: Bool = false) {
        guard !self[direction].isQuiet, !member.isUnplugged(worker) else { return }
        let channel = end(of: direction)
        channel?.writeAndFlush(ByteBuffer(bytes: bytes)).whenComplete { [self] _ in
            if closes { close() }
        }
    }
}

/// Hands what one end sends to the connection.
final class RelayEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: RelayedConnection
    /// Which way the bytes go that come here.
    private let direction: Direction

    init(_ connection: RelayedConnection, _ direction: Direction) {
        self.connection = connection
        self.direction = direction
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.received(unwrapInboundIn(data), direction)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.ended(direction)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
