// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterTestSupport
import ClusterTransport
import ClusterWire
import Synchronization
import Testing

@Suite struct LinkProbeTests {
    /// How many chunks are sent before the figures of a way are told that holds some of them up.
    private func chunkCount(heldUp: @escaping @Sendable (Int) -> Bool) async throws -> Int {
        let count = Mutex(0)
        try await withPair { peer in
            while let frame = try? await peer.next(within: .seconds(600)) {
                if frame.header.payloadByteCount > 1024 {
                    let number = count.withLock { count in
                        count += 1
                        return count
                    }
                    if heldUp(number) { try? await Task.sleep(for: .milliseconds(30)) }
                }
                peer.send(Frame(type: .probed))
            }
        } _: { connection in
            _ = try await LinkProbe.measure(connection, within: .seconds(600))
            connection.close()
        }
        return count.withLock { $0 }
    }

    @Test func `what is slow once is looked at again`() async throws {
        #expect(try await chunkCount { $0 == 1 } > 1)
    }

    @Test func `what is slow each time is slow`() async throws {
        #expect(try await chunkCount { _ in true } == 3)
    }
}
