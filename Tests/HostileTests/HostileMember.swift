// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterTransport
import ClusterWire
import NIOCore
import NIOPosix
import Synchronization

/// Who stands between a coordinator and its workers, and between the workers, and plays against all of them.
///
/// Connections begin with the handshake of those at their ends; from then on frames go through its hands.
///
/// Safety: `@unchecked Sendable` because everything but ``dialled`` is touched on ``eventLoop`` only.
final class HostileMember: @unchecked Sendable {
    let eventLoop: any EventLoop
    private var deviations: [Deviation]
    private var counts: [(place: Place, count: Int)] = []
    /// An honest frame's payload of each type that was seen.
    private(set) var samples: [FrameType: [UInt8]]
    private var unplugged: Set<Int> = []
    private var connections: [RelayedConnection] = []
    private var isGone = false
    /// What honest members sent and must not send.
    private(set) var faults: [String] = []
    /// When a frame came last, other than a heartbeat.
    private(set) var lastMove: ContinuousClock.Instant?
    /// What was done so far.
    private(set) var doneCount = 0
    private let dialled = Mutex<[FrameConnection]?>([])

    init(_ deviations: [Deviation], samples: [FrameType: [UInt8]], on eventLoop: any EventLoop) {
        self.deviations = deviations
        self.samples = samples
        self.eventLoop = eventLoop
    }

    // MARK: On the event loop

    func enter(_ connection: RelayedConnection) {
        connections.append(connection)
        if isGone { connection.close() }
    }

    /// Takes note of a frame.
    ///
    /// - Returns: what is to be done with it.
    func actions(_ worker: Int, _ role: ConnectionRole, _ direction: Direction, _ frame: RawFrame) -> [Action]
    {
        if frame.type != .heartbeat, frame.type != .heartbeatReply { lastMove = .now }
        samples[frame.type] = samples[frame.type] ?? frame.payload
        var place = Place(worker: worker, role: role, direction: direction, type: frame.type, count: 0)
        let index = counts.firstIndex { $0.place == place } ?? counts.endIndex
        if index == counts.endIndex { counts.append((place, 0)) }
        place.count = counts[index].count
        counts[index].count += 1
        let due = deviations.filter { $0.place == place }
        doneCount += due.count
        return due.map(\.action)
    }

    func isUnplugged(_ worker: Int) -> Bool { unplugged.contains(worker) }

    func unplug(_ worker: Int) { unplugged.insert(worker) }

    func blame(_ fault: String) { faults.append(fault) }

    // MARK: From anywhere

    /// Waits until all connections are closed, by those at their ends.
    ///
    /// - Parameter direction: on the side that this leads to.
    func closed(_ direction: Direction) -> EventLoopFuture<Void> {
        eventLoop.flatSubmit { [self] in
            EventLoopFuture.andAllComplete(
                connections.map { $0.closed(direction) }, on: eventLoop)
        }
    }

    /// Waits until something has come, and then only heartbeats for a while; no longer than `limit`.
    func settled(for time: Duration, within limit: Duration) async throws {
        let deadline = ContinuousClock.now + limit
        while true {
            let end = min((try await seen(\.lastMove) ?? .now) + time, deadline)
            guard .now < end else { return }
            try await Task.sleep(until: end)
        }
    }

    /// From now on nothing comes any more, though everything stays open.
    func fallSilent() {
        eventLoop.execute { [self] in unplugged = Set(0..<64) }
    }

    /// From now on everything is passed on as it is.
    func behave() {
        eventLoop.execute { [self] in
            deviations = []
            unplugged = []
            for connection in connections { connection.close() }
        }
        hangUp()
    }

    /// From now on workers believe that whoever holds them is there, for as long as the connection to him is open.
    ///
    /// Or else their own patience would hide that somebody who is gone has not let go of them.
    func keepHeld() {
        eventLoop.execute { [self] in
            guard !isGone else { return }
            for connection in connections { connection.keepHeld() }
            eventLoop.scheduleTask(in: TimeAmount(Limits.heartbeatInterval)) { [self] in keepHeld() }
        }
    }

    /// Nothing of it is left.
    func leave() {
        eventLoop.execute { [self] in
            isGone = true
            for connection in connections { connection.close() }
        }
        hangUp()
    }

    private func hangUp() {
        for connection in dialled.withLock({ $0 }) ?? [] { connection.close() }
    }

    /// What has been seen of it.
    func seen<Value: Sendable>(_ body: @escaping @Sendable (HostileMember) -> Value) async throws -> Value {
        try await eventLoop.submit { body(self) }.get()
    }

    /// Opens a connection of its own in somebody's session.
    func dial(_ role: ConnectionRole, session: UInt64, to port: Int, frames: [Frame]) {
        Task {
            let dialer = PeerDialer(
                network: HostileWorld.network, cluster: HostileWorld.cluster, node: "another",
                session: session)
            guard
                let connection = try? await dialer.connect(role, to: "127.0.0.1:\(port)", peer: "").connection
            else { return }
            for frame in frames { connection.send(frame) }
            let isWanted = dialled.withLock { connections in
                connections?.append(connection)
                return connections != nil
            }
            if !isWanted { connection.close() }
        }
    }

    /// Ends connections of its own, those too that are still being opened.
    func hangUpForGood() {
        let connections = dialled.withLock { connections in
            defer { connections = nil }
            return connections
        }
        for connection in connections ?? [] { connection.close() }
    }
}
