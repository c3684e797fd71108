// SPDX-License-Identifier: MIT
import Testing

extension Tidy {
    /// Nobody waits for somebody who waits for him.
    @Suite struct Locks {
        @Test func `a task that is resumed under a lock is found`() {
            let bad = """
                state.withLock { state in
                    if state.isOver { continuation.resume() }
                    state.waiting?.continuation.resume(throwing: error)
                }
                isOver.withLock { isOver in promise.completeWith(result) }
                """
            #expect(LockRules.resumptions(Tidy.snippet(bad, in: "ClusterWire")).map(\.line) == [2, 3, 5])
            let good = """
                let waiting = state.withLock { state in
                    defer { state.waiting = nil }
                    return state.waiting // .resume()
                }
                waiting?.resume(returning: frame)
                state.withLock { $0.take() }?.resume()
                """
            #expect(LockRules.resumptions(Tidy.snippet(good, in: "ClusterWire")) == [])
        }

        @Test func `no task is resumed under a lock`() throws {
            let findings = try Tidy.swiftSources().filter { $0.path.hasPrefix("Sources/") }
                .flatMap(LockRules.resumptions)
            #expect(findings.isEmpty, "\(findings.report)")
        }
    }
}
