// SPDX-License-Identifier: MIT

import BitNetCore

/// What one direction of a connection was measured to carry, or is assumed to.
package struct LinkProfile: Equatable, Sendable {
    /// From one end to the other, seconds.
    package let latencySeconds: Double
    package let bytesPerSecond: Double

    /// - Throws: ``ProfileError`` naming the figure that is no number within bounds.
    package init(latencySeconds: Double, bytesPerSecond: Double) throws(ProfileError) {
        try ProfileError.check(
            latencySeconds, "the delay of a link in seconds", in: 0...Limits.linkLatencySecondsMax)
        try ProfileError.check(
            bytesPerSecond, "the speed of a link in bytes per second", in: Limits.bytesPerSecondRange)
        self.latencySeconds = latencySeconds
        self.bytesPerSecond = bytesPerSecond
    }

    private init(checkedLatency: Double, bytesPerSecond: Double) {
        latencySeconds = checkedLatency
        self.bytesPerSecond = bytesPerSecond
    }

    /// Gigabit Ethernet in one building: 940 Mbit/s of payload, a tenth of a millisecond.
    package static let gigabitEthernet = LinkProfile(checkedLatency: 1e-4, bytesPerSecond: 117.5e6)

    /// Time for which sending `byteCount` bytes keeps the link busy, seconds.
    package func transferSeconds(_ byteCount: Int) -> Double { Double(byteCount) / bytesPerSecond }
}

/// What is known of the connections of a cluster.
package struct LinkMatrix: Equatable, Sendable {
    package enum End: Hashable, Sendable {
        case coordinator
        /// By its name.
        case worker(String)
    }

    private struct Pair: Hashable {
        let from: End
        let to: End
    }

    private var known: [Pair: LinkProfile] = [:]
    /// What links are taken to be that were not measured.
    package var assumed: LinkProfile

    package init(assumed: LinkProfile = .gigabitEthernet) {
        self.assumed = assumed
    }

    /// The link that carries what `from` sends to `to`; the one the other way round where only that is known.
    package subscript(from: End, to: End) -> LinkProfile {
        get { known[Pair(from: from, to: to)] ?? known[Pair(from: to, to: from)] ?? assumed }
        set { known[Pair(from: from, to: to)] = newValue }
    }

    package func isMeasured(from: End, to: End) -> Bool {
        known[Pair(from: from, to: to)] != nil || known[Pair(from: to, to: from)] != nil
    }

    /// No link was measured: all are alike.
    package var isAssumed: Bool { known.isEmpty }

    /// All that is known, in order.
    package var measured: [(from: End, to: End, link: LinkProfile)] {
        known.map { ($0.key.from, $0.key.to, $0.value) }
            .sorted { ($0.from.text, $0.to.text) < ($1.from.text, $1.to.text) }
    }
}

extension LinkMatrix.End {
    /// For people, and for sorting.
    package var text: String {
        switch self {
        case .coordinator: "coordinator"
        case .worker(let name): "worker \(name)"
        }
    }
}
