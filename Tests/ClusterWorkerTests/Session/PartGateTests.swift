// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterWorker
import Dispatch
import Testing

@Suite(.timeLimit(.minutes(5))) struct PartGateTests {
    private let gate = PartGate()
    private let parts = (0..<3).map { number in
        PartReference(kind: .layer(number), digest: ContentDigest.of([UInt8(number)]), byteCount: 1)
    }

    /// Waits on a thread of its own, as a loader does.
    private func waiting(for parts: [PartReference]) -> Task<PartReference, any Error> {
        let gate = gate
        return Task {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(with: Result { try gate.wait(forAnyOf: parts) })
                }
            }
        }
    }

    @Test func `the first of the parts that are there is given at once`() throws {
        gate.pass(parts[2].digest)
        gate.pass(parts[1].digest)
        #expect(try gate.wait(forAnyOf: parts) == parts[1])
        #expect(try gate.wait(forAnyOf: [parts[2]]) == parts[2])
    }

    @Test func `a part that comes while it is waited for ends the wait, another one does not`() async throws {
        let wait = waiting(for: [parts[0]])
        gate.pass(parts[1].digest)
        gate.pass(parts[0].digest)
        #expect(try await wait.value == parts[0])
    }

    @Test func `a gate that is closed ends every wait, also for what is there`() async throws {
        let wait = waiting(for: [parts[0]])
        gate.pass(parts[1].digest)
        gate.close()
        await #expect(throws: CancellationError.self) { try await wait.value }
        #expect(throws: CancellationError.self) { try gate.wait(forAnyOf: [parts[1]]) }
    }

    @Test func `no part is missed, however often a loader comes back`() async throws {
        let digests = (0..<200).map { ContentDigest.of([UInt8($0)]) }
        let parts = digests.map { PartReference(kind: .embedding, digest: $0, byteCount: 1) }
        let gate = gate
        let loader = Task {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(
                        with: Result {
                            var missing = parts
                            while !missing.isEmpty {
                                let found = try gate.wait(forAnyOf: missing)
                                missing.removeAll { $0 == found }
                            }
                        })
                }
            }
        }
        DispatchQueue.concurrentPerform(iterations: digests.count) { gate.pass(digests[$0]) }
        try await loader.value
    }
}
