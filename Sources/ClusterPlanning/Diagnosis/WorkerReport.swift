// SPDX-License-Identifier: MIT
package import ClusterWire

/// What an examiner has seen of one worker.
package struct WorkerReport: Equatable, Sendable {
    /// Why a worker could not be examined.
    package enum Trouble: String, Equatable, Sendable {
        /// The machine answers, but nobody listens on the port.
        case nobodyListens = "refused"
        case noAnswer = "timeout"
        case unknownName = "unknown name"
        /// A key on one side only, or different ones.
        case otherKey = "other key"
        case otherCluster = "other cluster"
        case otherVersion = "other version"
        /// Another worker answers there.
        case otherWorker = "other worker"
        /// It was reached, but did not answer as it should.
        case other = "failed"
    }

    package enum Outcome: Equatable, Sendable {
        case examined(Examination)
        case failed(Trouble, message: String)
    }

    package var name: String
    /// host:port.
    package var address: String
    package var isSpare: Bool
    package var outcome: Outcome
    /// The worker's wall clock minus the examiner's, seconds.
    package var clockSkewSeconds: Double?
    /// From the examiner to the worker; `nil` if it was not looked at.
    package var way: WayReport?
    /// From the worker to others; `nil` if they were not looked at or the worker did not tell.
    package var ways: [WayReport]?

    package init(name: String, address: String, isSpare: Bool = false, outcome: Outcome) {
        self.name = name
        self.address = address
        self.isSpare = isSpare
        self.outcome = outcome
    }

    package var examination: Examination? {
        if case .examined(let examination) = outcome { examination } else { nil }
    }
}

/// The way to a worker, from another one or from the examiner.
package struct WayReport: Equatable, Sendable {
    /// The worker's name.
    package var to: String
    package var measured: Measured?
    /// Why it could not be measured.
    package var error: String?

    package struct Measured: Equatable, Sendable {
        /// One way: half of a round trip.
        package var latencySeconds: Double
        /// `nil` if only the round trip was measured.
        package var bytesPerSecond: Double?

        package init(latencySeconds: Double, bytesPerSecond: Double?) {
            self.latencySeconds = latencySeconds
            self.bytesPerSecond = bytesPerSecond
        }
    }

    package init(to: String, measured: Measured) {
        self.to = to
        self.measured = measured
    }

    package init(to: String, error: String) {
        self.to = to
        self.error = error
    }
}
