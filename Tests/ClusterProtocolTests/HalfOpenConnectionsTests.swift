// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterProtocol
import Testing

@Suite struct HalfOpenConnectionsTests {
    private let start = ContinuousClock.now

    @Test func `the oldest silent stranger of an address makes room for the next`() {
        var connections = HalfOpenConnections()
        let most = UInt64(Limits.strangersPerAddressMax)
        let displaced = (1...most).compactMap { connections.opened($0, from: "a") }
        #expect(displaced.isEmpty)
        connections.spoke(1)
        // Who has begun to shake hands goes last.
        let first = connections.opened(most + 1, from: "a")
        let second = connections.opened(most + 2, from: "a")
        #expect(first == 2 && second == 3)
        #expect(connections.strangerCount == Int(most))
    }

    @Test func `strangers of many addresses make room from where most are`() {
        var connections = HalfOpenConnections()
        var id: UInt64 = 0
        func open(_ address: String) -> UInt64? {
            id += 1
            return connections.opened(id, from: address)
        }
        for _ in 0..<Limits.strangersPerAddressMax { _ = open("crowd") }
        var others = 0
        while connections.strangerCount < Limits.strangersMax {
            _ = open("other \(others)")
            others += 1
        }
        let (first, second) = (open("new"), open("newer"))
        #expect(first == 1 && second == 2)
        #expect(connections.strangerCount == Limits.strangersMax)
    }

    @Test func `strangers take no place of those that have proved themselves`() {
        var connections = HalfOpenConnections()
        for id in 1...UInt64(Limits.connectionsMax) {
            _ = connections.opened(id, from: "a")
            let isIn = connections.proved(id, now: start)
            #expect(isIn)
        }
        for id in 1000...2000 as ClosedRange<UInt64> {
            let displaced = connections.opened(id, from: "a")
            #expect(displaced.map { $0 >= 1000 } ?? true)
        }
        #expect(connections.provenCount == Limits.connectionsMax)
        // One more than a listener takes is refused, until another one is gone.
        let isSurplusIn = connections.proved(2000, now: start)
        connections.closed(1)
        let isNextIn = connections.proved(2000, now: start)
        #expect(!isSurplusIn && isNextIn)
        connections.closed(2000)
        #expect(connections.provenCount == Limits.connectionsMax - 1)
    }

    @Test func `wrong proofs of one address are few in a second, and right ones are not counted`() {
        var connections = HalfOpenConnections()
        var checkedCount = 0
        func tryOnce(_ id: UInt64, _ address: String, at time: Duration, isRight: Bool) -> Bool {
            _ = connections.opened(id, from: address)
            defer { connections.closed(id) }
            guard connections.mayBeChecked(id, now: start + time) else { return false }
            checkedCount += 1
            return isRight ? connections.proved(id, now: start + time) : true
        }
        for id in 1...UInt64(10 * Limits.proofsPerSecond) {
            _ = tryOnce(id, "a", at: .zero, isRight: false)
        }
        #expect(checkedCount == Limits.proofsPerSecond)
        let isOtherIn = tryOnce(1, "b", at: .zero, isRight: true)
        // As time goes on the address may try again.
        let isLaterIn = tryOnce(1, "a", at: .milliseconds(2), isRight: true)
        #expect(isOtherIn && isLaterIn)
        for id in 1...UInt64(3 * Limits.proofsPerSecond) where !tryOnce(id, "c", at: .zero, isRight: true) {
            Issue.record("\(id) was refused")
        }
    }

    @Test func `what is remembered of addresses is bounded`() {
        var connections = HalfOpenConnections()
        for id in 1...UInt64(2 * Limits.strangerAddressesMax) {
            _ = connections.opened(id, from: "\(id)")
            _ = connections.mayBeChecked(id, now: start)
            connections.closed(id)
        }
        // Those beyond share what one address may have.
        var checkedCount = 0
        for id in 1...UInt64(50) {
            _ = connections.opened(id, from: "late \(id)")
            if connections.mayBeChecked(id, now: start) { checkedCount += 1 }
            connections.closed(id)
        }
        #expect(checkedCount == 0)
    }
}
