// SPDX-License-Identifier: MIT
import BitNetCore
import CTernary

extension StageScratch {
    /// Sine and cosine of every pair at the first `positions` positions.
    func fillRope(of model: ModelDescription, positions: Int) {
        func fill(_ scaling: UnsafePointer<bn_rope_scaling>?) {
            bn_rope_table_scaled(
                ropeCosines, ropeSines, positions, model.headSize, Double(model.ropeBase), scaling)
        }
        guard let scaling = bn_rope_scaling(model.rope) else { return fill(nil) }
        withUnsafePointer(to: scaling, fill)
    }
}

extension bn_rope_scaling {
    /// - Returns: `nil` where nothing is scaled.
    init?(_ rope: RopeScaling) {
        switch rope {
        case .none: return nil
        case .linear(let factor):
            self.init(
                kind: BN_ROPE_LINEAR, factor: Double(factor), low: 0, high: 0, context: 1, magnitude: 1)
        case .llama3(let factor, let low, let high, let context):
            self.init(
                kind: BN_ROPE_LLAMA3, factor: Double(factor), low: Double(low), high: Double(high),
                context: Double(context), magnitude: 1)
        case .yarn(let factor, let context, let fast, let slow, let magnitude):
            self.init(
                kind: BN_ROPE_YARN, factor: Double(factor), low: Double(slow), high: Double(fast),
                context: Double(context), magnitude: Double(magnitude))
        }
    }
}
