// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterConfig
import ClusterCoordinator
import ClusterTransport
import Synchronization
import TestSupport
import Testing

extension WorkersInProcess {
    /// Workers that a name stands for, found by a name service that is played.
    @Suite(.timeLimit(.minutes(2))) struct Finding {
        private static let key = Array("a key of thirty-two bytes or more".utf8)

        /// What names stand for now.
        private final class Names: Sendable {
            private let hosts: Mutex<[String: [String]]>

            init(_ hosts: [String: [String]]) {
                self.hosts = Mutex(hosts)
            }

            subscript(name: String) -> [String] {
                get { hosts.withLock { $0[name] ?? [] } }
                set { hosts.withLock { $0[name] = newValue } }
            }
        }

        private func find(
            _ names: Names, _ standing: ClusterStanding, port: UInt16, count: Int, by network: Network,
            within limit: Duration = .seconds(60),
            onEvent: @escaping @Sendable (ClusterEvent) -> Void = { _ in }
        ) async throws -> [String] {
            let finder = try finder(names, port: port, count: count, by: network)
            return try await finder.find(standing, within: limit, onEvent: onEvent).map {
                "\($0.name)=\($0.address)"
            }
        }

        private func finder(
            _ names: Names, port: UInt16, count: Int, by network: Network
        ) throws -> WorkerFinder {
            let file = try ClusterFile.parse(
                "cluster: demo\nkey_file: k\nworkers:\n  dns: workers.test\n  port: \(port)\n  count: \(count)\n",
                path: "workers.yaml")
            return WorkerFinder(
                try #require(file.discovery), of: file, credentials: try Credentials(key: Self.key),
                network: network, resolve: { names[$0] })
        }

        @Test func `workers are known by what they prove to be, wherever they are`() async throws {
            let standing = ClusterStanding()
            try await WorkerUnderTest.run(name: "w-1", key: Self.key) { first in
                let port = try HostPort(parsing: first.address).port
                let names = Names(["workers.test": ["127.0.0.1", "127.0.0.2", "127.0.0.9"]])
                let second = HostPort(host: "127.0.0.2", port: port)
                try await WorkerUnderTest.run(name: "w-0", key: Self.key, listen: second) { _ in
                    let found = try await find(names, standing, port: port, count: 2, by: first.network)
                    #expect(found == ["w-0=127.0.0.2:\(port)", "w-1=127.0.0.1:\(port)"])
                    // A name that follows it is kept in place of the address.
                    names["w-0.workers.test"] = ["127.0.0.2"]
                    let named = try await find(names, standing, port: port, count: 2, by: first.network)
                    #expect(named == ["w-0=w-0.workers.test:\(port)", "w-1=127.0.0.1:\(port)"])
                    names["w-0.workers.test"] = []
                    _ = try await find(names, standing, port: port, count: 2, by: first.network)
                }
                names["workers.test"] = ["127.0.0.1"]
                let missed = try await find(names, standing, port: port, count: 2, by: first.network)
                #expect(missed == ["w-0=127.0.0.2:\(port)", "w-1=127.0.0.1:\(port)"])
                let moved = HostPort(host: "127.0.0.4", port: port)
                try await WorkerUnderTest.run(name: "w-0", key: Self.key, listen: moved) { _ in
                    names["workers.test"] = ["127.0.0.4", "127.0.0.1"]
                    let back = try await find(names, standing, port: port, count: 2, by: first.network)
                    #expect(back == ["w-0=127.0.0.4:\(port)", "w-1=127.0.0.1:\(port)"])
                }
            }
        }

        @Test func `nothing begins with fewer workers than there should be`() async throws {
            try await WorkerUnderTest.run(name: "w-0", key: Self.key) { worker in
                let port = try HostPort(parsing: worker.address).port
                let names = Names([:])
                let found = try await find(
                    names, ClusterStanding(), port: port, count: 1, by: worker.network,
                    onEvent: { event in
                        // It comes while it is waited for.
                        if case .waiting = event { names["workers.test"] = ["127.0.0.1"] }
                    })
                #expect(found == ["w-0=127.0.0.1:\(port)"])
                await #expect {
                    _ = try await find(
                        names, ClusterStanding(), port: port, count: 2, by: worker.network, within: .zero)
                } throws: { error in
                    error.words.contains("stands for 1 worker of 2 that answer at port \(port)")
                }
            }
        }

        @Test func `who comes later is told of once`() async throws {
            try await WorkerUnderTest.run(name: "w-0", key: Self.key) { worker in
                let port = try HostPort(parsing: worker.address).port
                let names = Names(["workers.test": ["127.0.0.1"]])
                let other = HostPort(host: "127.0.0.2", port: port)
                let (remarks, tell) = AsyncStream<String>.makeStream()
                let finder = try finder(names, port: port, count: 1, by: worker.network)
                let member = WorkerEntry(name: "w-0", address: try HostPort(parsing: worker.address))
                try await WorkerUnderTest.run(name: "w-1", key: Self.key, listen: other) { _ in
                    let watch = Task {
                        await finder.watch(ClusterStanding(), besides: [member], every: .milliseconds(1)) {
                            event in
                            guard case .remark(let text) = event else { return }
                            tell.yield(text)
                        }
                        tell.finish()
                    }
                    names["workers.test"] = ["127.0.0.1", "127.0.0.2"]
                    var heard: [String] = []
                    for await remark in remarks {
                        heard.append(remark)
                        // It goes and comes, and is no news.
                        names["workers.test"] = ["127.0.0.1"]
                        watch.cancel()
                    }
                    #expect(heard.count == 1 && heard[0].contains("stands for w-1 too"))
                }
            }
        }

        @Test func `who has another key is no worker`() async throws {
            try await WorkerUnderTest.run(name: "w-0", key: Self.key.reversed()) { worker in
                let port = try HostPort(parsing: worker.address).port
                await #expect(throws: ClusterError.self) {
                    _ = try await find(
                        Names(["workers.test": ["127.0.0.1"]]), ClusterStanding(), port: port, count: 1,
                        by: worker.network, within: .zero)
                }
            }
        }
    }
}
