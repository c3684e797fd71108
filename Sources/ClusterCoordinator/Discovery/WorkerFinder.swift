// SPDX-License-Identifier: MIT
import BitNetCore
package import ClusterConfig
import ClusterProtocol
package import ClusterTransport
import ClusterWire
import Synchronization

/// Finds the workers that a name stands for: asks the name service, and each address who is there.
package struct WorkerFinder: Sendable {
    /// All addresses of a host, as digits.
    package typealias Resolve = @Sendable (String) async throws -> [String]

    private let discovery: WorkerDiscovery
    private let dialer: PeerDialer
    private let resolve: Resolve

    /// - Parameter resolve: asks the name service; by default the system's, on a thread that may wait.
    package init(
        _ discovery: WorkerDiscovery, of file: ClusterFile, credentials: Credentials, network: Network,
        resolve: @escaping Resolve = Self.system
    ) {
        self.discovery = discovery
        self.resolve = resolve
        var random = SystemRandomNumberGenerator()
        dialer = PeerDialer(
            network: network, cluster: file.cluster, node: "coordinator of \(file.cluster)",
            session: random.next() | 1, credentials: credentials)
    }

    package static let system: Resolve = { host in
        try await DiskThreads.run { try HostPort(host: host, port: 0).allAddresses() }
    }

    /// The workers, once there are enough of them, or once nobody else of a cluster that served is to be expected.
    ///
    /// - Throws: ``ClusterError`` if there are not within `limit`.
    package func find(
        _ standing: ClusterStanding, within limit: Duration,
        onEvent: @escaping @Sendable (ClusterEvent) -> Void
    ) async throws -> [WorkerEntry] {
        let start = ContinuousClock.now
        var told: Set<String> = []
        while true {
            let found = try await look(standing.discovered)
            for remark in found.remarks where told.insert(remark).inserted { onEvent(.warning(remark)) }
            if found.workers.count >= discovery.count {
                onEvent(.found(found.workers.map { ($0.name, "\($0.address)") }))
                return found.workers
            }
            let state =
                "“\(discovery.name)” stands for \(plural(found.workers.count, "worker")) of \(discovery.count) that "
                + "answer at port \(discovery.port)" + (found.reason.map { ": \($0)" } ?? "")
            guard start.duration(to: .now) < limit else {
                throw ClusterError(.join, "gave up after \(limit): \(state)")
            }
            if told.insert(state).inserted { onEvent(.waiting(state)) }
            try await Task.sleep(for: Limits.joinRetryInterval)
        }
    }

    /// Tells of workers that come while a cluster runs, until the task is cancelled.
    ///
    /// They are asked only when the name stands for other addresses than before.
    package func watch(
        _ standing: ClusterStanding, besides members: [WorkerEntry],
        every interval: Duration = Limits.spareRetryInterval,
        onEvent: @escaping @Sendable (ClusterEvent) -> Void
    ) async {
        var told = Set(members.map(\.name))
        var before: Set<String>?
        while (try? await Task.sleep(for: interval)) != nil {
            guard let addresses = try? await resolve(discovery.name), before != Set(addresses),
                let found = try? await look(standing.discovered)
            else { continue }
            before = Set(addresses)
            let new = found.workers.map(\.name).filter { told.insert($0).inserted }
            guard !new.isEmpty else { continue }
            onEvent(
                .remark(
                    "“\(discovery.name)” stands for \(new.joined(separator: ", ")) too; bitnet-ctl replan gives layers "
                        + "to whoever is there"))
        }
    }

    /// Those that are there now, for whoever only looks.
    ///
    /// - Throws: ``ClusterError`` if nobody is.
    package static func look(
        _ discovery: WorkerDiscovery, of file: ClusterFile, credentials: Credentials
    ) async throws -> [WorkerEntry] {
        let network = Network(loopCount: 1)
        let finder = WorkerFinder(discovery, of: file, credentials: credentials, network: network)
        let known = Mutex(DiscoveredWorkers())
        let found = await Result { try await finder.look(known) }
        await network.shutdown()
        let (workers, reason, _) = try found.get()
        guard !workers.isEmpty else {
            throw ClusterError(
                .join,
                "no worker answers at port \(discovery.port) of what “\(discovery.name)” stands for"
                    + (reason.map { ": \($0)" } ?? ""))
        }
        return workers
    }

    /// Looks once.
    private func look(
        _ known: borrowing Mutex<DiscoveredWorkers>
    ) async throws -> (workers: [WorkerEntry], reason: String?, remarks: [String]) {
        let addresses: [HostPort]
        do {
            addresses = try await resolve(discovery.name).prefix(Limits.workersMax).map {
                HostPort(host: $0, port: discovery.port)
            }
        } catch let error as AddressError {
            // A name may stand for nothing as long as nobody is ready.
            let now = known.withLock { $0.take(addresses: [], answers: [], count: discovery.count) }
            return (entries(now.workers), error.message, [])
        }
        let (answers, reason) = try await ask(addresses)
        let now = known.withLock {
            $0.take(addresses: addresses, answers: answers, count: discovery.count)
        }
        let remarks = now.ambiguous.map {
            "two workers that “\(discovery.name)” stands for are called \($0), and one is used: give each a --name of "
                + "its own"
        }
        return (entries(now.workers), reason, remarks)
    }

    private func entries(_ workers: [(name: String, place: HostPort)]) -> [WorkerEntry] {
        workers.map {
            WorkerEntry(name: $0.name, address: $0.place, memoryByteCount: discovery.memoryByteCount)
        }
    }

    /// Asks all at once who they are.
    ///
    /// - Returns: in the order of the addresses; and why one did not answer.
    private func ask(
        _ addresses: [HostPort]
    ) async throws -> (answers: [DiscoveredWorkers.Answer], reason: String?) {
        try await withThrowingTaskGroup(of: (Int, Result<DiscoveredWorkers.Answer, any Error>).self) {
            group in
            for (index, address) in addresses.enumerated() {
                group.addTask { (index, await Result { try await ask(address) }) }
            }
            var answers: [(Int, DiscoveredWorkers.Answer)] = []
            var reason: String?
            for try await (index, result) in group {
                switch result {
                case .success(let answer): answers.append((index, answer))
                case .failure(let error): reason = reason ?? error.words
                }
            }
            try Task.checkCancellation()
            return (answers.sorted { $0.0 < $1.0 }.map(\.1), reason)
        }
    }

    private func ask(_ address: HostPort) async throws -> DiscoveredWorkers.Answer {
        let (connection, peer) = try await dialer.connect(
            .examine, to: "\(address)", peer: "the worker at \(address)")
        connection.close()
        return DiscoveredWorkers.Answer(
            address: address, place: await place(of: peer.peerNode, at: address), name: peer.peerNode,
            processID: peer.peerID)
    }

    /// `NAME.SERVICE`, if that is where it is: such a name stays when the address changes.
    private func place(of name: String, at address: HostPort) async -> HostPort? {
        guard let place = try? HostPort(parsing: "\(name).\(discovery.name):\(discovery.port)"),
            !name.isEmpty,
            let addresses = try? await resolve(place.host), addresses.contains(address.host)
        else { return nil }
        return place
    }
}

extension Result where Failure == any Error, Success: Sendable {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
