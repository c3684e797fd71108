// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol
import ClusterTransport
import ClusterWire
import Synchronization
import Testing

/// A coordinator that says to a worker what a test wants, when it wants.
///
/// Heartbeats go on by themselves, as a worker under a slow machine's tests would count it as lost else.
final class PlayedCoordinator: Sendable {
    let control: FrameConnection
    /// Which process the worker is.
    let workerID: UInt64
    private let dialer: PeerDialer
    private let address: String
    private let heartbeats: Task<Void, Never>
    /// Frames that came while another one was waited for, and the number of the last heartbeat that was awaited.
    private let state = Mutex<(early: [Frame], sequence: UInt64)>(([], 1 << 32))

    /// Joins the worker at `address`.
    init(network: Network, address: String, session: UInt64, name: String) async throws {
        self.address = address
        dialer = PeerDialer(network: network, cluster: "demo", node: name, session: session)
        let (control, worker) = try await dialer.connect(.control, to: address, peer: "the worker")
        self.control = control
        workerID = worker.peerID
        heartbeats = Task {
            while !Task.isCancelled {
                control.send(Frame(Heartbeat(sequence: 1)))
                try? await Task.sleep(for: Limits.heartbeatInterval)
            }
        }
    }

    deinit {
        heartbeats.cancel()
        control.close()
    }

    /// Opens another connection of the session.
    func open(_ role: ConnectionRole, stage: Int? = nil) async throws -> FrameConnection {
        try await dialer.connect(role, to: address, peer: "the worker", stage: stage).connection
    }

    func tell(_ message: some ControlMessage) {
        do { control.send(try Frame(message)) } catch { Issue.record(error) }
    }

    func tell(_ type: FrameType, stream: UInt64 = 0) { control.send(Frame(type: type, stream: stream)) }

    /// What the worker says next, besides heartbeats' answers.
    private func next() async throws -> Frame {
        if let early = state.withLock({ $0.early.isEmpty ? nil : $0.early.removeFirst() }) { return early }
        while true {
            let frame = try await control.next(within: .seconds(600))
            if frame.type != .heartbeatReply { return frame }
        }
    }

    /// Takes what the worker says next as a message of one type.
    func hear<Message: ControlMessage>(_ type: Message.Type) async throws -> Message {
        let frame = try await next()
        if frame.type == .fault, Message.frameType != .fault {
            throw TestTrouble("instead of a \(Message.frameType): \(try Fault.decode(frame.payload).message)")
        }
        try #require(frame.type == Message.frameType)
        return try Message.decode(frame.payload)
    }

    /// Takes what the worker says next as an empty frame of one type.
    func hear(_ type: FrameType) async throws {
        let frame = try await next()
        try #require(frame.type == type)
    }

    /// What the worker answers to a heartbeat that is sent now.
    func pulse() async throws -> HeartbeatReply {
        let sequence = state.withLock { state in
            state.sequence += 1
            return state.sequence
        }
        tell(Heartbeat(sequence: sequence))
        while true {
            let frame = try await control.next(within: .seconds(600))
            guard frame.type == .heartbeatReply else {
                state.withLock { $0.early.append(frame) }
                continue
            }
            let reply = try HeartbeatReply.decode(frame.payload)
            if reply.sequence == sequence { return reply }
        }
    }

    /// Has the worker take and load a stage.
    ///
    /// - Parameters:
    ///   - next: host:port of the next stage's worker.
    ///   - nextID: the process that is meant.
    func bringUp(_ shard: SampleShard, next: String? = nil, nextID: UInt64 = 0) async throws {
        let shipment = PlayedShipment(connection: try await open(.weights))
        for (index, part) in shard.parts.enumerated() { try await shipment.ship(part, UInt64(index) + 1) }
        shipment.connection.close()
        var assignment = shard.assignment(next: next)
        assignment.nextID = nextID
        tell(assignment)
        _ = try await hear(StoreStatus.self)
        _ = try await hear(Ready.self)
    }

    /// Lets the worker go, and waits until it is free.
    ///
    /// - Parameter skippingAnswers: whether it may still answer what it was asked before.
    func release(skippingAnswers: Bool = false) async throws {
        tell(Release())
        while true {
            let frame = try await next()
            if frame.type == .released { break }
            let words = frame.type == .fault ? try Fault.decode(frame.payload).message : ""
            try #require(skippingAnswers, "a \(frame.type) \(words)")
        }
        try await control.closed()
    }
}

struct TestTrouble: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
