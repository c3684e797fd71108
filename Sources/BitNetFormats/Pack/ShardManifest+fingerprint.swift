// SPDX-License-Identifier: MIT
package import BitNetCore

extension ShardManifest {
    /// Counts the releases that compute anything else from the same weights.
    ///
    /// 2: a hop keeps a block's outliers apart.
    private static let arithmeticVersion = 2

    /// What a text depends on besides its request, as OpenAI's `system_fingerprint`: with the same fingerprint, request and
    /// seed comes the same text, wherever the layers are.
    ///
    /// - Precondition: the manifest is of a whole model.
    /// - Parameter cuts: layers before which stages begin; without segments they matter.
    package func fingerprint(_ settings: StageSettings, cuts: [Int]) -> String {
        var weights = self
        // What a file calls itself changes no text.
        weights.model.name = ""
        weights.model.contextLength = 0
        let rounding = settings.segmentLayers > 0 ? "segments of \(settings.segmentLayers)" : "cuts \(cuts)"
        let facts = [
            "arithmetic \(Self.arithmeticVersion)", "weights \(weights.id.hex)", rounding,
            "cache \(settings.cache.type.rawValue)",
        ]
        return "fp_" + ContentDigest.of(Array(facts.joined(separator: "\n").utf8)).hex.prefix(12)
    }
}
