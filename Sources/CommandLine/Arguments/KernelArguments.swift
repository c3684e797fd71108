// SPDX-License-Identifier: MIT
package import ArgumentParser
package import BitNetCore
package import BitNetEngine

/// Which instruction set's kernels compute.
package struct InstructionSetArgument: ParsableArguments {
    @Option(help: "Kernels: auto, scalar, avx2, avx512bw, avx512, neon or neon-dot.")
    package var isa = KernelChoice.auto

    package init() {}
}

/// Which kernels compute, and how they multiply.
package struct KernelArguments: ParsableArguments {
    @OptionGroup package var instructionSet: InstructionSetArgument

    @Option(
        name: .customLong("kernels"),
        help: """
            Products: add-only, dot8 for the integer dot product, or auto for add-only with one token and whichever is \
            faster with more.
            """)
    package var mode = KernelMode.auto

    package init() {}

    package var isa: KernelChoice { instructionSet.isa }

    /// - Throws: `EngineError` that lists what this processor can run.
    package func kernels(threadCount: Int) throws -> Kernels {
        try Kernels(isa, mode: mode, threadCount: threadCount)
    }
}

extension KernelChoice: ExpressibleByArgument {}
extension KernelMode: ExpressibleByArgument {}
