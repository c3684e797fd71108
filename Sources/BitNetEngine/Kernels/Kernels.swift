// SPDX-License-Identifier: MIT
import CTernary

/// The instruction sets that an operator can name.
package enum KernelChoice: String, CaseIterable, Sendable {
    /// The fastest that this processor can run.
    case auto
    case scalar
    case avx2
    /// AVX-512 without VBMI.
    case avx512bw
    case avx512
    case neon
    /// NEON with the dot product of ARMv8.2.
    case neonDot = "neon-dot"

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

    /// - Throws: ``EngineError`` that lists what this processor can run.
    package init(_ choice: KernelChoice = .auto) throws(EngineError) {
        let found = choice.instructionSet.map { bn_kernels_for($0) } ?? bn_kernels_best()
        guard let found else {
            let has = KernelChoice.available.map(\.rawValue).joined(separator: ", ")
            throw EngineError(
                .kernelsUnavailable,
                "this processor cannot run the \(choice.rawValue) kernels; choose auto or one of: \(has)")
        }
        table = found
    }

    /// `scalar`, `avx2`, `avx512bw`, `avx512`, `neon` or `neon-dot`.
    package var name: String { String(cString: bn_isa_name(bn_kernels_isa(table))) }
}
