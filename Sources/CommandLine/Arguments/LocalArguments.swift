// SPDX-License-Identifier: MIT
package import ArgumentParser
package import BitNetCore

/// How stages compute that run in this process.
package struct LocalArguments: ParsableArguments {
    @OptionGroup package var threads: ThreadArguments
    @OptionGroup package var kernels: KernelArguments

    package init() {}

    package func stages(cuts: [Int]) -> LocalStages {
        LocalStages(
            cuts: cuts, threadCount: threads.threads, kernels: kernels.isa, mode: kernels.mode)
    }
}
