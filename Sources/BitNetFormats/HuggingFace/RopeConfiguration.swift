// SPDX-License-Identifier: MIT

import BitNetCore

/// What a `config.json` says of its rotary embedding under `rope_scaling`, or `rope_parameters` as newer versions of
/// Transformers write it.
struct RopeConfiguration: Equatable, Sendable {
    var type: String?
    var factor: Double?
    private var lowFrequencyFactor: Double?
    private var highFrequencyFactor: Double?
    private var originalContext: Int?
    private var betaFast: Double?
    private var betaSlow: Double?
    private var attentionFactor: Double?
    /// Keys that change what is computed in a way that is not known here.
    private var hasUnknown = false

    mutating func read(_ json: inout ModelJSONReader, base: inout Double?) throws(ModelFileError) {
        var this = self
        var newBase = base
        try json.readObject { json, key throws(ModelFileError) in
            if try json.readNull() { return }
            switch key {
            case "rope_theta": newBase = try json.readDouble()
            case "rope_type", "type": this.type = try json.readText()
            case "factor": this.factor = try json.readDouble()
            case "low_freq_factor": this.lowFrequencyFactor = try json.readDouble()
            case "high_freq_factor": this.highFrequencyFactor = try json.readDouble()
            case "original_max_position_embeddings": this.originalContext = try json.readInteger()
            case "beta_fast": this.betaFast = try json.readDouble()
            case "beta_slow": this.betaSlow = try json.readDouble()
            case "attention_factor": this.attentionFactor = try json.readDouble()
            case "truncate": this.hasUnknown = try !json.readBool() || this.hasUnknown
            case "partial_rotary_factor": this.hasUnknown = try json.readDouble() != 1 || this.hasUnknown
            case "mscale", "mscale_all_dim":
                this.hasUnknown = true
                try json.skip()
            default: try json.skip()
            }
        }
        self = this
        base = newBase
    }

    /// - Returns: `nil` for a kind that cannot be computed, or one without its keys.
    func scaling(contextLength: Int) -> RopeScaling? {
        guard !hasUnknown else { return nil }
        switch type {
        case nil, "default": return RopeScaling.none
        case "linear":
            let factor = Float(factor ?? 1)
            return factor == 1 ? RopeScaling.none : .linear(factor: factor)
        case "llama3":
            guard let factor, let lowFrequencyFactor, let highFrequencyFactor, let originalContext else {
                return nil
            }
            return .llama3(
                factor: Float(factor), lowFrequencyFactor: Float(lowFrequencyFactor),
                highFrequencyFactor: Float(highFrequencyFactor), originalContext: originalContext)
        case "yarn":
            guard let factor = factor.map({ Float($0) }) else { return nil }
            return .yarn(
                factor: factor, originalContext: originalContext ?? contextLength,
                betaFast: Float(betaFast ?? 32), betaSlow: Float(betaSlow ?? 1),
                attentionFactor: attentionFactor.map { Float($0) } ?? RopeScaling.attentionFactor(of: factor))
        default: return nil
        }
    }
}
