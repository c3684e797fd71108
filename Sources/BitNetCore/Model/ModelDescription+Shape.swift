// SPDX-License-Identifier: MIT

extension ModelDescription {
    /// The sizes of a model: what decides which tensors its parts have and how large they are.
    package struct Shape: Hashable, Sendable {
        package var layerCount: Int
        /// dModel: width of the residual stream.
        package var hiddenSize: Int
        package var feedForwardSize: Int
        package var headCount: Int
        package var keyValueHeadCount: Int
        package var headSize: Int
        package var vocabularySize: Int
        /// RMSNorm before the output projection and before the down projection (families A and B).
        package var hasSubNorms: Bool
        /// RMSNorm of each query and key head before the rotary embedding (Qwen3).
        package var hasHeadNorms: Bool

        package init(
            layerCount: Int, hiddenSize: Int, feedForwardSize: Int, headCount: Int, keyValueHeadCount: Int,
            headSize: Int, vocabularySize: Int, hasSubNorms: Bool, hasHeadNorms: Bool = false
        ) {
            self.layerCount = layerCount
            self.hiddenSize = hiddenSize
            self.feedForwardSize = feedForwardSize
            self.headCount = headCount
            self.keyValueHeadCount = keyValueHeadCount
            self.headSize = headSize
            self.vocabularySize = vocabularySize
            self.hasSubNorms = hasSubNorms
            self.hasHeadNorms = hasHeadNorms
        }

        /// Width of all query heads together.
        package var querySize: Int { headCount * headSize }
        /// Width of all key (or value) heads together.
        package var keyValueSize: Int { keyValueHeadCount * headSize }
    }
}

extension ModelDescription.Shape {
    /// Why no model of this shape can be run, or `nil`.
    package var invalidity: String? {
        let ranges = [
            ("layer count", layerCount, Limits.layersMax), ("hidden size", hiddenSize, Limits.hiddenSizeMax),
            ("feed-forward size", feedForwardSize, Limits.feedForwardSizeMax),
            ("head count", headCount, Limits.headsMax),
            ("key/value head count", keyValueHeadCount, Limits.headsMax),
            ("head size", headSize, Limits.headSizeMax),
            ("vocabulary size", vocabularySize, Limits.vocabularyMax),
        ]
        if let first = ranges.lazy.compactMap({ ModelDescription.outside($0, $1, $2) }).first { return first }
        if !headCount.isMultiple(of: keyValueHeadCount) {
            return "head count \(headCount) is not a multiple of key/value head count \(keyValueHeadCount)"
        }
        if !headSize.isMultiple(of: 2) { return "head size \(headSize) is odd, rotary embedding needs pairs" }
        if querySize > Limits.hiddenSizeMax { return "head count × head size is \(querySize), too large" }
        return nil
    }
}

/// A model's sizes read as its own.
extension ModelDescription {
    package var layerCount: Int {
        get { shape.layerCount }
        set { shape.layerCount = newValue }
    }
    package var hiddenSize: Int {
        get { shape.hiddenSize }
        set { shape.hiddenSize = newValue }
    }
    package var feedForwardSize: Int {
        get { shape.feedForwardSize }
        set { shape.feedForwardSize = newValue }
    }
    package var headCount: Int {
        get { shape.headCount }
        set { shape.headCount = newValue }
    }
    package var keyValueHeadCount: Int {
        get { shape.keyValueHeadCount }
        set { shape.keyValueHeadCount = newValue }
    }
    package var headSize: Int {
        get { shape.headSize }
        set { shape.headSize = newValue }
    }
    package var vocabularySize: Int {
        get { shape.vocabularySize }
        set { shape.vocabularySize = newValue }
    }
    package var hasSubNorms: Bool {
        get { shape.hasSubNorms }
        set { shape.hasSubNorms = newValue }
    }
    package var hasHeadNorms: Bool {
        get { shape.hasHeadNorms }
        set { shape.hasHeadNorms = newValue }
    }
    package var querySize: Int { shape.querySize }
    package var keyValueSize: Int { shape.keyValueSize }
}
