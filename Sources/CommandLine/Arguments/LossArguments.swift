// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore

/// When somebody who is silent counts as lost.
package struct LossArguments: ParsableArguments {
    @Option(
        name: [.customLong("loss-timeout")],
        help: """
            Seconds of silence after which a peer, a connection or a step counts as lost; more for machines that stand \
            still at times, the same on all machines.
            """)
    package var seconds = 3

    package init() {}

    package func validate() throws {
        let bounds = Limits.lossTimeoutSeconds
        guard bounds.contains(seconds) else {
            throw ValidationError("--loss-timeout must be \(bounds.lowerBound)...\(bounds.upperBound)")
        }
    }

    package var timeout: Duration { .seconds(seconds) }
}
