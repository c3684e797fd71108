// SPDX-License-Identifier: MIT
package import BitNetCore

extension ShardManifest {
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
        return "fp_" + settings.digest(weights: weights.id, cuts: cuts).hex.prefix(12)
    }
}

extension ModelFile {
    /// What a sequence's state depends on besides its tokens, before the weights are read: their file stands for them.
    ///
    /// - Parameter cuts: as in ``ShardManifest/fingerprint(_:cuts:)``.
    /// - Returns: `nil` for a model that is not on disk.
    package func states(_ settings: StageSettings, cuts: [Int]) -> ContentDigest? {
        fingerprint(version: 0).map { file in
            // What a person may know better than the file, and the weights do not depend on.
            let options = [description.activation.rawValue, description.activationsAreExact ? 1 : 0]
            return settings.digest(weights: ContentDigest.of(file.bytes + options), cuts: cuts)
        }
    }
}

extension StageSettings {
    /// Counts the releases that compute anything else from the same weights.
    ///
    /// 2: a hop keeps a block's outliers apart.
    private static let arithmeticVersion = 2

    fileprivate func digest(weights: ContentDigest, cuts: [Int]) -> ContentDigest {
        let facts = [
            "arithmetic \(Self.arithmeticVersion)", "weights \(weights.hex)",
            segmentLayers > 0 ? "segments of \(segmentLayers)" : "cuts \(cuts)",
            "cache \(cache.type.rawValue)",
        ]
        return ContentDigest.of(Array(facts.joined(separator: "\n").utf8))
    }
}
