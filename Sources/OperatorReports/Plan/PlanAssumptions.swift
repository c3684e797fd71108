// SPDX-License-Identifier: MIT
package import ClusterPlanning

/// What is taken for true of workers and links that were not measured.
package struct PlanAssumptions: Equatable, Sendable {
    /// What workers read from memory, bytes per second.
    package var readBytesPerSecond: Double
    /// The same of some workers by their names, whatever was measured of them.
    package var readBytesPerSecondByWorker: [String: Double]
    package var link: LinkProfile

    package init(
        readBytesPerSecond: Double, readBytesPerSecondByWorker: [String: Double] = [:], link: LinkProfile
    ) {
        self.readBytesPerSecond = readBytesPerSecond
        self.readBytesPerSecondByWorker = readBytesPerSecondByWorker
        self.link = link
    }
}
