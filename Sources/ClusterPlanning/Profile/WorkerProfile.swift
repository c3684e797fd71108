// SPDX-License-Identifier: MIT

import BitNetCore

/// What a worker was measured to do with one model, or is assumed to.
package struct WorkerProfile: Equatable, Sendable {
    /// Tokens that one step decodes, each of another sequence with a short context → seconds of one layer.
    package let layerSeconds: StepCostCurve
    /// Tokens of a chunk of one prompt → seconds of one layer.
    package let prefillLayerSeconds: StepCostCurve
    /// Rows that bring a token → seconds of final norm, head and sampling.
    package let headSeconds: StepCostCurve
    /// What a step takes on a stage beyond layers and head, seconds: waking up, decoding and encoding of the
    /// hop, the frame.
    package let stepSeconds: Double
    /// Speed at which weights are read from memory, bytes per second.
    package let readBytesPerSecond: Double
    /// What a decoded token takes in one layer for each cached token that it attends to, seconds.
    package let attentionSecondsPerToken: Double

    /// - Throws: ``ProfileError`` naming the figure that is no number within bounds.
    package init(
        layerSeconds: StepCostCurve, prefillLayerSeconds: StepCostCurve, headSeconds: StepCostCurve,
        stepSeconds: Double, readBytesPerSecond: Double, attentionSecondsPerToken: Double
    ) throws(ProfileError) {
        try ProfileError.check(stepSeconds, "the time of a step", in: 0...Limits.profileSecondsMax)
        try ProfileError.check(
            readBytesPerSecond, "the speed of memory in bytes per second", in: Limits.bytesPerSecondRange)
        try ProfileError.check(
            attentionSecondsPerToken, "the time of attending to a token", in: 0...Limits.attentionSecondsMax)
        self.layerSeconds = layerSeconds
        self.prefillLayerSeconds = prefillLayerSeconds
        self.headSeconds = headSeconds
        self.stepSeconds = stepSeconds
        self.readBytesPerSecond = readBytesPerSecond
        self.attentionSecondsPerToken = attentionSecondsPerToken
    }

    /// Another profile within bounds.
    init(
        _ profile: WorkerProfile, layerSeconds: StepCostCurve, prefillLayerSeconds: StepCostCurve,
        headSeconds: StepCostCurve, attentionSecondsPerToken: Double
    ) {
        self.layerSeconds = layerSeconds
        self.prefillLayerSeconds = prefillLayerSeconds
        self.headSeconds = headSeconds
        stepSeconds = profile.stepSeconds
        readBytesPerSecond = profile.readBytesPerSecond
        self.attentionSecondsPerToken = attentionSecondsPerToken
    }
}
