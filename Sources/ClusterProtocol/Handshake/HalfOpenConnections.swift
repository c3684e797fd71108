// SPDX-License-Identifier: MIT

import BitNetCore

/// The connections of a listener: strangers, of which few may be open, and peers that have proved themselves.
///
/// A stranger that comes when there are too many takes the place of one that has said nothing for longest, of its own
/// address first; so they keep nobody out. How often proofs from one address are checked is bounded, those that turn
/// out right not counted.
package struct HalfOpenConnections: Equatable, Sendable {
    private struct Stranger: Equatable {
        let id: UInt64
        let address: String
        var hasSpoken = false
    }

    /// Proofs that may be checked now; more come with time.
    private struct Allowance: Equatable {
        var count: Double
        var asOf: ContinuousClock.Instant

        mutating func refill(_ now: ContinuousClock.Instant) {
            let earned = max(asOf.duration(to: now).seconds, 0) * Double(Limits.proofsPerSecond)
            count = min(count + earned, Double(Limits.proofsPerSecond))
            asOf = max(asOf, now)
        }
    }

    /// The oldest first.
    private var strangers: [Stranger] = []
    private var proven: [UInt64: String] = [:]
    private var allowances: [String: Allowance] = [:]

    package init() {}

    package var strangerCount: Int { strangers.count }
    package var provenCount: Int { proven.count }

    /// Somebody has connected.
    ///
    /// - Parameter address: without the port.
    /// - Returns: the stranger whose connection is to be closed in favour of this one.
    package mutating func opened(_ id: UInt64, from address: String) -> UInt64? {
        defer { strangers.append(Stranger(id: id, address: address)) }
        guard let crowd = crowd(joinedBy: address) else { return nil }
        let candidates = strangers.indices.filter { strangers[$0].address == crowd }
        let index = candidates.first { !strangers[$0].hasSpoken } ?? candidates.first
        return index.map { strangers.remove(at: $0).id }
    }

    /// The address of which one must go before another of `address` may come.
    private func crowd(joinedBy address: String) -> String? {
        let counts = Dictionary(strangers.map { ($0.address, 1) }, uniquingKeysWith: +)
        if counts[address, default: 0] >= Limits.strangersPerAddressMax { return address }
        guard strangers.count >= Limits.strangersMax else { return nil }
        let largest = counts.values.max()
        return strangers.first { counts[$0.address] == largest }?.address
    }

    /// A stranger has begun to shake hands.
    package mutating func spoke(_ id: UInt64) {
        guard let index = strangers.firstIndex(where: { $0.id == id }) else { return }
        strangers[index].hasSpoken = true
    }

    /// A stranger's proof is to be checked.
    ///
    /// - Returns: `false` if that must wait, as too many from its address were.
    package mutating func mayBeChecked(_ id: UInt64, now: ContinuousClock.Instant) -> Bool {
        guard let stranger = strangers.first(where: { $0.id == id }) else { return false }
        return withAllowance(of: stranger.address, now) { allowance in
            guard allowance.count >= 1 else { return false }
            allowance.count -= 1
            return true
        }
    }

    /// A stranger's proof is right: it is none any more.
    ///
    /// - Returns: `false` if as many of these are open as a listener takes, or its place was given away.
    package mutating func proved(_ id: UInt64, now: ContinuousClock.Instant) -> Bool {
        guard let index = strangers.firstIndex(where: { $0.id == id }) else { return false }
        let address = strangers[index].address
        withAllowance(of: address, now) { $0.count += 1 }
        guard proven.count < Limits.connectionsMax else { return false }
        strangers.remove(at: index)
        proven[id] = address
        return true
    }

    /// A connection is gone.
    package mutating func closed(_ id: UInt64) {
        strangers.removeAll { $0.id == id }
        proven[id] = nil
    }

    private mutating func withAllowance<Result>(
        of address: String, _ now: ContinuousClock.Instant, _ body: (inout Allowance) -> Result
    ) -> Result {
        // What is remembered of addresses is bounded; those beyond share one allowance.
        if allowances.count >= Limits.strangerAddressesMax {
            for key in allowances.keys { allowances[key]?.refill(now) }
            allowances = allowances.filter { $0.value.count < Double(Limits.proofsPerSecond) }
        }
        let isKnown = allowances[address] != nil || allowances.count < Limits.strangerAddressesMax
        let key = isKnown ? address : ""
        var allowance = allowances[key] ?? Allowance(count: Double(Limits.proofsPerSecond), asOf: now)
        allowance.refill(now)
        defer { allowances[key] = allowance }
        return body(&allowance)
    }
}
