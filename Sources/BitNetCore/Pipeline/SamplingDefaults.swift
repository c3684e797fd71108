// SPDX-License-Identifier: MIT

/// How tokens are chosen where nobody says it: what a model's file recommends, or an operator; `nil` where neither does.
package struct SamplingDefaults: Equatable, Sendable {
    package enum Setting: String, CaseIterable, Sendable {
        case temperature, topK, topP, minP, repetitionPenalty, repetitionWindow
    }

    /// As ``SamplingParameters`` has them.
    package var temperature: Float?
    package var topK: UInt32?
    package var topP: Float?
    package var minP: Float?
    package var repetitionPenalty: Float?
    package var repetitionWindow: UInt32?

    package init() {}

    /// - Returns: why the value cannot be used, and is not; `nil` if it is.
    package mutating func set(_ setting: Setting, to value: Double) -> String? {
        var changed = self
        switch setting {
        case .temperature: changed.temperature = Float(value)
        case .topP: changed.topP = Float(value)
        case .minP: changed.minP = Float(value)
        case .repetitionPenalty: changed.repetitionPenalty = Float(value)
        // -1 is others' word for off, and for all there are.
        case .topK:
            guard let count = UInt32(exactly: value == -1 ? 0 : value), count <= Limits.vocabularyMax else {
                return "top-k must be 0...\(Limits.vocabularyMax)"
            }
            changed.topK = count
        case .repetitionWindow:
            guard let count = UInt32(exactly: value == -1 ? Double(Limits.contextMax) : value),
                count <= Limits.contextMax
            else { return "repetition window must be 0...\(Limits.contextMax)" }
            changed.repetitionWindow = count
        }
        var parameters = SamplingParameters()
        changed.apply(to: &parameters)
        if let invalidity = parameters.invalidity { return invalidity }
        self = changed
        return nil
    }

    /// These, and where they say nothing the others.
    package func over(_ others: SamplingDefaults) -> SamplingDefaults {
        var defaults = others
        defaults.temperature = temperature ?? others.temperature
        defaults.topK = topK ?? others.topK
        defaults.topP = topP ?? others.topP
        defaults.minP = minP ?? others.minP
        defaults.repetitionPenalty = repetitionPenalty ?? others.repetitionPenalty
        defaults.repetitionWindow = repetitionWindow ?? others.repetitionWindow
        return defaults
    }

    package func apply(to parameters: inout SamplingParameters) {
        parameters.temperature = temperature ?? parameters.temperature
        parameters.topK = topK ?? parameters.topK
        parameters.topP = topP ?? parameters.topP
        parameters.minP = minP ?? parameters.minP
        parameters.repetitionPenalty = repetitionPenalty ?? parameters.repetitionPenalty
        parameters.repetitionWindow = repetitionWindow ?? parameters.repetitionWindow
    }
}
