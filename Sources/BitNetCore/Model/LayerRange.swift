// SPDX-License-Identifier: MIT

/// A contiguous run of transformer layers, `first ..< end`.
package struct LayerRange: Hashable, Sendable {
    package let first: Int
    package let end: Int

    package var count: Int { end - first }
    package var indices: Range<Int> { first..<end }

    package func contains(_ other: LayerRange) -> Bool { first <= other.first && other.end <= end }

    /// - Returns: `nil` unless `0 <= first < end <= Limits.layersMax`.
    package init?(first: Int, end: Int) {
        guard first >= 0, first < end, end <= Limits.layersMax else { return nil }
        self.first = first
        self.end = end
    }
}

extension LayerRange: CustomStringConvertible {
    /// Inclusive, as in workers.yaml: `0-2`.
    package var description: String { "\(first)-\(end - 1)" }
}

extension [LayerRange] {
    /// `0-2 and 6-8`.
    package var text: String { map(\.description).joined(separator: " and ") }
}

extension LayerRange {
    /// All layers of a model, cut before each of the named layers.
    ///
    /// - Parameter segmentLayers: layers that stay together.
    /// - Throws: ``LayerCutError`` unless the cuts rise, lie inside the model and divide no segment.
    package static func cut(
        layerCount: Int, before cuts: [Int], segmentLayers: Int = 1
    ) throws(LayerCutError) -> [LayerRange] {
        var ranges: [LayerRange] = []
        for end in cuts + [layerCount] {
            guard end == layerCount || end < layerCount && end.isMultiple(of: segmentLayers),
                let range = LayerRange(first: ranges.last?.end ?? 0, end: end)
            else {
                throw LayerCutError(layerCount: layerCount, cuts: cuts, segmentLayers: segmentLayers)
            }
            ranges.append(range)
        }
        return ranges
    }
}

/// Cuts that do not divide a model.
package struct LayerCutError: RemediableError, Equatable {
    package let layerCount: Int
    package let cuts: [Int]
    package let segmentLayers: Int

    package var message: String {
        let place = cuts.map(String.init).joined(separator: ", ")
        let multiples = segmentLayers == 1 ? "" : " that are multiples of --segment-layers \(segmentLayers)"
        return
            "a model of \(layerCount) layers cannot be cut before layers \(place); give rising numbers from 1 to "
            + "\(layerCount - 1)\(multiples)"
    }
}
