// SPDX-License-Identifier: MIT

import BitNetCore
import Glibc

/// What a GGUF says of its rotary embedding.
extension ModelMetadata {
    static let ropeFactorsName = "rope_freqs.weight"

    /// - Throws: ``ModelFileError`` naming the key or tensor of a rotary embedding that cannot be computed.
    func rope(headSize: Int, contextLength: Int) throws(ModelFileError) -> RopeScaling {
        if let rotated = try gguf.integer(key("rope.dimension_count")), rotated != headSize {
            throw unsupportedRope(
                key("rope.dimension_count"), found: "\(rotated)", expected: "\(headSize), all of a head")
        }
        for name in ["rope_factors_long.weight", "rope_factors_short.weight"] where model.tensor(name) != nil
        {
            throw unsupportedRope(name, found: "the factors of LongRoPE", expected: "another rope scaling")
        }
        let scaling = try scaling(contextLength: contextLength)
        guard let factors = try factors(headSize: headSize) else { return scaling }
        let base = try ropeBase()
        guard scaling == .none, let named = Self.llama3(factors, base: base) else {
            throw unsupportedRope(
                Self.ropeFactorsName, found: "scaled frequencies",
                expected: "factors of 1, or those of Llama 3.1")
        }
        return named
    }

    func ropeBase() throws(ModelFileError) -> Float { try gguf.float(key("rope.freq_base")) ?? 10_000 }

    private func scaling(contextLength: Int) throws(ModelFileError) -> RopeScaling {
        let type = try gguf.text(key("rope.scaling.type"))
        let oldFactor = try gguf.float(key("rope.scale_linear"))
        let named = try gguf.float(key("rope.scaling.factor")) ?? oldFactor
        let factor = named ?? 1
        // Some writers have 0 for none.
        let isNeutral = factor == 1 || factor == 0
        switch type {
        case "none":
            guard isNeutral else {
                throw unsupportedRope(key("rope.scaling.factor"), found: "\(factor)", expected: "1")
            }
            return .none
        case nil, "linear": return isNeutral ? .none : .linear(factor: factor)
        case "yarn" where named != nil: return isNeutral ? .none : try yarn(factor, contextLength)
        case .some(let type):
            throw unsupportedRope(
                key("rope.scaling.type"), found: "\(ModelFileError.printable(type)) by \(factor)",
                expected: "none, linear, or yarn with its factor")
        }
    }

    private func yarn(_ factor: Float, _ contextLength: Int) throws(ModelFileError) -> RopeScaling {
        let extrapolation = key("rope.scaling.yarn_ext_factor")
        // Negative: the reader's default, which is 1.
        if let value = try gguf.float(extrapolation), value >= 0, value != 1 {
            throw unsupportedRope(extrapolation, found: "\(value)", expected: "1")
        }
        let multiplier = key("rope.scaling.yarn_log_multiplier")
        if let value = try gguf.float(multiplier), value != 0 {
            throw unsupportedRope(multiplier, found: "\(value)", expected: "none")
        }
        let attention =
            try (gguf.float(key("rope.scaling.attn_factor")) ?? 1)
            * (gguf.float(key("rope.scaling.yarn_attn_factor")) ?? 1)
        return .yarn(
            factor: factor,
            originalContext: try gguf.integer(key("rope.scaling.original_context_length")) ?? contextLength,
            betaFast: try gguf.float(key("rope.scaling.yarn_beta_fast")) ?? 32,
            betaSlow: try gguf.float(key("rope.scaling.yarn_beta_slow")) ?? 1,
            attentionFactor: RopeScaling.attentionFactor(of: factor) * attention)
    }

    // MARK: Factors of frequencies

    /// What `rope_freqs` divides each pair's frequency by; `nil` if nothing is changed by it.
    private func factors(headSize: Int) throws(ModelFileError) -> [Float]? {
        guard let tensor = model.tensor(Self.ropeFactorsName) else { return nil }
        let bytes = tensor.bytes
        guard tensor.content == .table(.float32), tensor.rows == 1,
            bytes.count == headSize / 2 * TensorEncoding.float32.rowByteCount(columns: 1)
        else {
            throw ModelFileError(
                .wrongShape, file: gguf.path, subject: tensor.name,
                found: "\(tensor.typeName) [\(tensor.rows), \(tensor.columns)]",
                expected: "F32 [\(headSize / 2)]")
        }
        let factors = (0..<headSize / 2).map { FloatReader.float32(bytes, $0) }
        return factors.allSatisfy { $0 == 1 } ? nil : factors
    }

    /// The scaling of which a converter made `factors`: Llama 3.1's and 3.2's differ in one number only.
    ///
    /// - Returns: `nil` if the factors are others.
    private static func llama3(_ factors: [Float], base: Float) -> RopeScaling? {
        guard let factor = factors.max(), factor.isFinite, factor > 1 else { return nil }
        let (low, high, context) = (1.0, 4.0, 8192.0)
        for (pair, found) in factors.enumerated() {
            let turns =
                context * pow(Double(base), -Double(pair) / Double(factors.count)) / (2 * .pi)
            let share = min(max((turns - low) / (high - low), 0), 1)
            let expected = 1 / ((1 - share) / Double(factor) + share)
            guard abs(Double(found) / expected - 1) < 1e-4 else { return nil }
        }
        return .llama3(
            factor: factor, lowFrequencyFactor: Float(low), highFrequencyFactor: Float(high),
            originalContext: Int(clamping: context))
    }

    func unsupportedRope(_ subject: String, found: String, expected: String) -> ModelFileError {
        ModelFileError(
            .unsupportedRope, file: gguf.path, subject: subject, found: found, expected: expected,
            remedy: "this kind of rotary embedding is not supported; use a model without it")
    }
}
