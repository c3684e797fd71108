// SPDX-License-Identifier: MIT

package import BitNetCore

/// What of a model decides how long a layer and the head take.
package struct ProfiledShape: Hashable, Sendable {
    package var hiddenSize: Int
    package var querySize: Int
    package var keyValueSize: Int
    package var feedForwardSize: Int
    package var vocabularySize: Int

    package init(
        hiddenSize: Int, querySize: Int, keyValueSize: Int, feedForwardSize: Int, vocabularySize: Int
    ) {
        self.hiddenSize = hiddenSize
        self.querySize = querySize
        self.keyValueSize = keyValueSize
        self.feedForwardSize = feedForwardSize
        self.vocabularySize = vocabularySize
    }

    package init(_ shape: ModelDescription.Shape) {
        self.init(
            hiddenSize: shape.hiddenSize, querySize: shape.querySize, keyValueSize: shape.keyValueSize,
            feedForwardSize: shape.feedForwardSize, vocabularySize: shape.vocabularySize)
    }

    /// Why no model has this shape, or `nil`.
    package var invalidity: String? {
        let attentionMax = Limits.headsMax * Limits.headSizeMax
        let bounds = [
            ("hidden size", hiddenSize, Limits.hiddenSizeMax), ("query size", querySize, attentionMax),
            ("key and value size", keyValueSize, attentionMax),
            ("feed-forward size", feedForwardSize, Limits.feedForwardSizeMax),
            ("vocabulary", vocabularySize, Limits.vocabularyMax),
        ]
        return bounds.first { !(1...$0.2).contains($0.1) }
            .map { "the \($0.0) is \($0.1), expected 1...\($0.2)" }
    }

    /// Ternary weights of one layer.
    package var layerWeightCount: Double {
        let attention = 2 * Double(hiddenSize) * Double(querySize + keyValueSize)
        return attention + 3 * Double(hiddenSize) * Double(feedForwardSize)
    }

    /// Values of the head's matrix.
    package var headValueCount: Double { Double(hiddenSize) * Double(vocabularySize) }
}

extension WorkerProfile {
    /// What the worker would take with another model: layers scale with their weights, the head with its
    /// values, attention with the size of the queries, the hop not at all.
    ///
    /// An estimate, to be named as one: caches and the cost of small products do not scale.
    package func scaled(from measured: ProfiledShape, to wanted: ProfiledShape) -> WorkerProfile {
        guard measured != wanted else { return self }
        let layer = wanted.layerWeightCount / measured.layerWeightCount
        let attention = Double(wanted.querySize) / Double(measured.querySize)
        return WorkerProfile(
            self, layerSeconds: layerSeconds.scaled(by: layer),
            prefillLayerSeconds: prefillLayerSeconds.scaled(by: layer),
            headSeconds: headSeconds.scaled(by: wanted.headValueCount / measured.headValueCount),
            attentionSecondsPerToken: min(attentionSecondsPerToken * attention, Limits.attentionSecondsMax))
    }
}
