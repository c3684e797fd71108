// SPDX-License-Identifier: MIT
package import ClusterPlanning

/// For which workers, links and sequences it is shown how a model scales.
package struct ScalingCases: Sendable {
    /// A kind of link, by what its name says.
    package struct Link: Equatable, Sendable {
        package var gigabits: Double
        package var delayMs: Double
        package var profile: LinkProfile

        package init(gigabits: Double, delayMs: Double, profile: LinkProfile) {
            self.gigabits = gigabits
            self.delayMs = delayMs
            self.profile = profile
        }
    }

    /// Ascending.
    package var workerCounts: [Int]
    package var links: [Link]
    /// Numbers of sequences at a time.
    package var concurrencies: [Int]

    package init(workerCounts: [Int], links: [Link], concurrencies: [Int]) {
        self.workerCounts = workerCounts
        self.links = links
        self.concurrencies = concurrencies
    }
}
