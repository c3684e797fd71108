// SPDX-License-Identifier: MIT

package import BitNetCore

/// What of a model decides how long a layer and the head take.
package struct ProfiledShape: Hashable, Sendable {
    package var hiddenSize: Int
    package var querySize: Int
    package var keyValueSize: Int
    package var feedForwardSize: Int
    package var vocabularySize: Int
    /// As in ``ModelDescription``.
    package var matrixEncoding: TensorEncoding
    /// As in ``ModelDescription``.
    package var activationGroup: Int
    /// How the trits of the head are written; `nil` for a head of floats.
    package var ternaryHead: TensorEncoding?

    package init(
        hiddenSize: Int, querySize: Int, keyValueSize: Int, feedForwardSize: Int, vocabularySize: Int,
        matrixEncoding: TensorEncoding = .t5, activationGroup: Int = 0, ternaryHead: TensorEncoding? = nil
    ) {
        self.hiddenSize = hiddenSize
        self.querySize = querySize
        self.keyValueSize = keyValueSize
        self.feedForwardSize = feedForwardSize
        self.vocabularySize = vocabularySize
        self.matrixEncoding = matrixEncoding
        self.activationGroup = activationGroup
        self.ternaryHead = ternaryHead
    }

    package init(_ model: ModelDescription, _ tables: TableEncodings) {
        self.init(
            hiddenSize: model.hiddenSize, querySize: model.querySize, keyValueSize: model.keyValueSize,
            feedForwardSize: model.feedForwardSize, vocabularySize: model.vocabularySize,
            matrixEncoding: model.matrixEncoding, activationGroup: model.activationGroup,
            ternaryHead: tables.ternaryHead)
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

    /// Bytes of one layer's ternary weights at two bits each, with the scales of their groups.
    package var layerByteCount: Double { layerWeightCount * Self.bytesPerWeight(matrixEncoding) }

    /// Bytes of the head's matrix, which is int8 unless it is ternary.
    package var headByteCount: Double {
        Double(hiddenSize) * Double(vocabularySize) * (ternaryHead.map(Self.bytesPerWeight) ?? 1)
    }

    private static func bytesPerWeight(_ encoding: TensorEncoding) -> Double {
        0.25 + (encoding.scaleGroup.map { Double(encoding.scaleByteCount) / Double($0) } ?? 0)
    }
}

extension WorkerProfile {
    /// What the worker would take with another model: layers and the head scale with the bytes of their weights,
    /// attention with the size of the queries, the hop not at all.
    ///
    /// An estimate, to be named as one: caches and the cost of small products do not scale.
    package func scaled(from measured: ProfiledShape, to wanted: ProfiledShape) -> WorkerProfile {
        guard measured != wanted else { return self }
        let layer = wanted.layerByteCount / measured.layerByteCount
        let attention = Double(wanted.querySize) / Double(measured.querySize)
        return WorkerProfile(
            self, layerSeconds: layerSeconds.scaled(by: layer),
            prefillLayerSeconds: prefillLayerSeconds.scaled(by: layer),
            headSeconds: headSeconds.scaled(by: wanted.headByteCount / measured.headByteCount),
            attentionSecondsPerToken: min(attentionSecondsPerToken * attention, Limits.attentionSecondsMax))
    }
}
