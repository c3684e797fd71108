// SPDX-License-Identifier: MIT
import BitNetCore
import CTernary

extension KernelMode {
    /// The least number of tokens in a step that the dot product serves.
    func dotTokensMin(_ kernels: Kernels, _ pool: ComputePool) -> Int {
        switch self {
        case .auto: bn_dot_tokens_min(kernels.table, pool.handle)
        case .addOnly: .max
        case .dot8: 1
        }
    }
}
