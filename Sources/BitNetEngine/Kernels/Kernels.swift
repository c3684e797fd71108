// SPDX-License-Identifier: MIT
package import BitNetCore
import CTernary

extension KernelChoice {
    fileprivate var instructionSet: bn_isa? {
        switch self {
        case .auto: nil
        case .scalar: BN_ISA_SCALAR
        case .avx2: BN_ISA_AVX2
        case .avx512bw: BN_ISA_AVX512BW
        case .avx512: BN_ISA_AVX512
        case .neon: BN_ISA_NEON
        case .neonDot: BN_ISA_NEON_DOT
        }
    }

    /// The instruction sets that this processor and this build can run, slowest first.
    package static var available: [KernelChoice] {
        allCases.filter { choice in
            choice.instructionSet.map { bn_kernels_for($0) != nil } ?? false
        }
    }
}

/// One instruction set's kernels.
///
/// Every choice gives the same bits; only the speed and the resident layout of weights differ.
///
/// Safety: `@unchecked Sendable` because it points to a constant table that lives as long as the process.
package struct Kernels: @unchecked Sendable {
    let table: OpaquePointer
    /// Steps of so many tokens and more are multiplied by the dot product, others add-only.
    package let dotTokensMin: Int

    /// - Throws: ``EngineError`` that lists what this processor can run.
    package init(_ choice: KernelChoice = .auto) throws(EngineError) {
        try self.init(choice, dotTokensMin: 2)
    }

    /// Kernels that multiply as `mode` says.
    ///
    /// - Parameter threadCount: of the stage that they are for; `auto` tries the kernels with as many.
    /// - Throws: ``EngineError`` that lists what this processor can run, or says that the threads cannot be had.
    package init(
        _ choice: KernelChoice, mode: KernelMode, threadCount: Int
    ) throws(EngineError) {
        let kernels = try Self(choice)
        let pool = try ComputePool(threadCount: threadCount)
        try self.init(choice, dotTokensMin: mode.dotTokensMin(kernels, pool))
    }

    /// - Parameter dotTokensMin: 1 or more; `Int.max` for never.
    package init(_ choice: KernelChoice, dotTokensMin: Int) throws(EngineError) {
        precondition(dotTokensMin >= 1, "\(dotTokensMin) tokens")
        let found = choice.instructionSet.map { bn_kernels_for($0) } ?? bn_kernels_best()
        guard let found else {
            let has = KernelChoice.available.map(\.rawValue).joined(separator: ", ")
            throw EngineError(
                .kernelsUnavailable,
                "this processor cannot run the \(choice.rawValue) kernels; choose auto or one of: \(has)")
        }
        table = found
        self.dotTokensMin = dotTokensMin
    }

    /// `scalar`, `avx2`, `avx512bw`, `avx512`, `neon` or `neon-dot`.
    package var name: String { String(cString: bn_isa_name(bn_kernels_isa(table))) }

    /// Which product serves which steps: `dot product from 3 tokens on`.
    package var productSummary: String {
        switch dotTokensMin {
        case 1: "dot product always"
        case .max: "add-only always"
        default: "dot product from \(dotTokensMin) tokens on"
        }
    }
}
