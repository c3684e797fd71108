// SPDX-License-Identifier: MIT
package import ArgumentParser
import BitNetCore
import BitNetEngine

/// How many threads compute.
package struct ThreadArguments: ParsableArguments {
    @Option(
        name: .shortAndLong, help: "Compute threads; all processors that this process may use by default.")
    package var threads: Int?

    package init() {}

    package func validate() throws {
        guard threads.map((1...Limits.threadsMax).contains) ?? true else {
            throw ValidationError("--threads must be 1...\(Limits.threadsMax)")
        }
    }

    package var count: Int { threads ?? ComputePool.defaultThreadCount }
}
