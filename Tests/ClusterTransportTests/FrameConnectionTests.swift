// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol
import ClusterTestSupport
import ClusterTransport
import ClusterWire
import Dispatch
import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing

@Suite struct FrameConnectionTests {
    private func code(of body: () async throws -> Void) async -> TransportError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? TransportError)?.code
        }
    }

    @Test func `frames arrive in order and whole`() async throws {
        try await withPair { peer in
            for sequence in 1...200 as ClosedRange<UInt64> {
                peer.send(Frame(Heartbeat(sequence: sequence)))
            }
            try? await peer.closed()
        } _: { connection in
            for sequence in 1...200 as ClosedRange<UInt64> {
                let frame = try await connection.next(within: .seconds(600))
                #expect(try Heartbeat.decode(frame.payload).sequence == sequence)
            }
        }
    }

    @Test func `a peer that says nothing meets the deadline`() async throws {
        try await withPair { peer in
            try? await peer.closed()
        } _: { connection in
            let code = await code { _ = try await connection.next(within: .milliseconds(50)) }
            #expect(code == .deadline)
        }
    }

    @Test func `a deadline that passed does not lose the frame that comes after`() async throws {
        try await withPair { peer in
            _ = try? await peer.next(within: .seconds(600))
            peer.send(Frame(Heartbeat(sequence: 7)))
            try? await peer.closed()
        } _: { connection in
            let code = await code { _ = try await connection.next(within: .milliseconds(20)) }
            #expect(code == .deadline)
            connection.send(Frame(Heartbeat(sequence: 1)))
            let frame = try await connection.next(within: .seconds(600))
            #expect(try Heartbeat.decode(frame.payload).sequence == 7)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a wait that is cancelled ends at once and does not lose the frame that comes after`() async throws {
        try await withPair { peer in
            _ = try? await peer.next(within: .seconds(600))
            peer.send(Frame(Heartbeat(sequence: 7)))
            try? await peer.closed()
        } _: { connection in
            // Before it begins to wait, and while it waits.
            for isWaiting in [false, true] {
                let (starts, start) = AsyncStream<Void>.makeStream()
                let wait = Task {
                    if !isWaiting { withUnsafeCurrentTask { $0?.cancel() } }
                    start.finish()
                    return try await connection.next(within: .seconds(600))
                }
                for await _ in starts {}
                if isWaiting { wait.cancel() }
                await #expect(throws: CancellationError.self) { _ = try await wait.value }
            }
            connection.send(Frame(Heartbeat(sequence: 1)))
            let frame = try await connection.next(within: .seconds(600))
            #expect(try Heartbeat.decode(frame.payload).sequence == 7)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a dial to a machine that does not answer ends at once when it is cancelled`() async throws {
        let full = try ReservedPort(isFull: true)
        defer { full.release() }
        let network = Network(loopCount: 1)
        let address = "127.0.0.1:\(full.port)"
        let dial = Task { try await network.connect(to: address, peer: "worker b") }
        await Task.yield()
        dial.cancel()
        await #expect(throws: CancellationError.self) { _ = try await dial.value }
        await network.shutdown()
    }

    @Test func `what the event loop sends does not overtake what was sent before`() async throws {
        let (sequences, arrived) = AsyncStream<UInt64>.makeStream()
        try await withPair { peer in
            peer.send(Frame(Heartbeat(sequence: 0)))
            for _ in 0..<2 {
                guard let frame = try? await peer.next(within: .seconds(600)),
                    let heartbeat = try? Heartbeat.decode(frame.payload)
                else { break }
                arrived.yield(heartbeat.sequence)
            }
            arrived.finish()
        } _: { connection in
            let (entries, entered) = AsyncStream<Void>.makeStream()
            let mayGoOn = DispatchSemaphore(value: 0)
            connection.deliver(
                to: FrameSink(
                    received: { _ in
                        entered.yield()
                        mayGoOn.wait()
                        connection.send(Frame(Heartbeat(sequence: 2)))
                    }, closed: { _ in }))
            for await _ in entries { break }
            connection.send(Frame(Heartbeat(sequence: 1)))
            mayGoOn.signal()
            var received: [UInt64] = []
            for await sequence in sequences { received.append(sequence) }
            #expect(received == [1, 2])
        }
    }

    @Test func `a peer that closes ends every later wait as well`() async throws {
        try await withPair { peer in
            peer.close()
        } _: { connection in
            for _ in 0..<3 {
                let code = await code { _ = try await connection.next(within: .seconds(600)) }
                #expect(code == .closed)
            }
        }
    }

    /// What a listener says of a peer that sends `bytes`; returns when it has closed the connection.
    private func code(of bytes: ByteBuffer) async throws -> TransportError.Code? {
        let network = Network(loopCount: 1)
        let (codes, code) = AsyncStream<TransportError.Code?>.makeStream()
        let listener = try await network.listen(on: "127.0.0.1:0") { peer in
            code.yield(await self.code { _ = try await peer.next(within: .seconds(600)) })
            code.finish()
        }
        let stranger = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: listener.port).get()
        try await stranger.writeAndFlush(bytes)
        try await stranger.closeFuture.get()
        var found: TransportError.Code?
        // The loops must outlive everybody who reads.
        for await code in codes { found = code }
        await listener.close()
        await network.shutdown()
        return found
    }

    @Test func `bytes that are no frame end the connection`() async throws {
        let bytes = ByteBuffer(string: "GET / HTTP/1.1\r\nHost: example\r\n\r\n")
        #expect(try await code(of: bytes) == .violation)
    }

    @Test func `a stranger's large frame is refused at its header`() async throws {
        var bytes = ByteBuffer()
        try FrameHeader(type: .partChunk, stream: 0, payloadByteCount: Limits.controlBytesMax + 1)
            .write(to: &bytes)
        #expect(try await code(of: bytes) == .violation)
    }

    @Test func `a sink gets the frames that came before it, then the end`() async throws {
        let seen = Mutex<[UInt64]>([])
        try await withPair { peer in
            for sequence in 1...3 as ClosedRange<UInt64> { peer.send(Frame(Heartbeat(sequence: sequence))) }
            _ = try? await peer.next(within: .seconds(600))
            peer.close()
        } _: { connection in
            let first = try await connection.next(within: .seconds(600))
            #expect(try Heartbeat.decode(first.payload).sequence == 1)
            await withCheckedContinuation { done in
                connection.deliver(
                    to: FrameSink(
                        received: { frame in
                            let sequence = (try? Heartbeat.decode(frame.payload))?.sequence ?? 0
                            seen.withLock { $0.append(sequence) }
                            if sequence == 3 { connection.send(frame) }
                        }, closed: { _ in done.resume() }))
            }
            #expect(seen.withLock { $0 } == [2, 3])
        }
    }

    @Test func `nobody at the address is an error that names the worker and the remedy`() async throws {
        let network = Network(loopCount: 1)
        let reserved = try ReservedPort()
        defer { reserved.release() }
        do {
            _ = try await network.connect(to: "127.0.0.1:\(reserved.port)", peer: "worker b")
            Issue.record("connected to a closed port")
        } catch let error as TransportError {
            #expect(error.code == .unreachable)
            #expect(error.message.contains("worker b") && error.message.contains("--listen"))
            #expect(error.cause == .nobodyListens)
        }
        await network.shutdown()
    }

    @Test func `a name without an address is told apart from a port without a listener`() async throws {
        let network = Network(loopCount: 1)
        do {
            _ = try await network.connect(to: "no-such-host.invalid:7101", peer: "worker b")
            Issue.record("connected to a name that cannot be")
        } catch let error as TransportError {
            #expect(error.code == .unreachable)
            #expect(error.cause == .unknownName, "\(error)")
        }
        await network.shutdown()
    }

    @Test(arguments: ["127.0.0.1", ":7101", "host:70000", "host:port"])
    func `what is not an address is refused`(_ address: String) async {
        let network = Network(loopCount: 1)
        let code = await code { _ = try await network.connect(to: address, peer: "worker b") }
        #expect(code == .address)
        await network.shutdown()
    }

    @Test func `both sides of a handshake agree on the session, and a silent client is dropped`() async throws
    {
        let capabilities = Capabilities(
            isa: "scalar", coreCount: 1, threadCount: 1, memoryByteCount: 1, storeByteCount: 1)
        try await withPair { peer in
            let session = try? await peer.acceptHandshake(
                identity: HandshakeIdentity(node: "w", id: 9, cluster: nil, build: "test"),
                capabilities: capabilities, admit: { _ in .admitted })
            if let session { peer.send(Frame(Heartbeat(sequence: session.session))) }
            try? await peer.closed()
        } _: { connection in
            let hello = Hello(cluster: "c", node: "coordinator", role: .control, session: 42)
            let session = try await connection.shakeHands(hello, key: [])
            #expect(session.capabilities == capabilities)
            let frame = try await connection.next(within: .seconds(600))
            #expect(try Heartbeat.decode(frame.payload).sequence == 42)
        }
    }
}

/// A port that is taken but not listened on, so that nobody else can come to listen there; or one whose listener takes
/// nobody more, as a machine does that does not answer.
private struct ReservedPort {
    let port: UInt16
    private let descriptor: Int32
    private var fillers: [Int32] = []

    init(isFull: Bool = false) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isBound)
        port = UInt16(bigEndian: address.sin_port)
        guard isFull else { return }
        try #require(listen(descriptor, 0) == 0)
        fillers = (0..<4).map { _ in
            let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = connect(filler, $0, length) }
            }
            return filler
        }
    }

    func release() {
        for filler in fillers { close(filler) }
        close(descriptor)
    }
}
