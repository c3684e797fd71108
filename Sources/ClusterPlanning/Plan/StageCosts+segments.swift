// SPDX-License-Identifier: MIT

import BitNetCore

extension StageCosts {
    var segmentCount: Int { (layerCount + segmentLayers - 1) / segmentLayers }

    /// Whether a stage may begin with the layer `index`, or end before it.
    func isCut(before index: Int) -> Bool { index == layerCount || index.isMultiple(of: segmentLayers) }

    /// Where a stage that begins with the layer `first`, at a cut, may end.
    func ends(from first: Int) -> some Sequence<Int> {
        sequence(first: end(of: 1, from: first)) { [self] in $0 < layerCount ? end(of: 1, from: $0) : nil }
    }

    /// Where layers that begin and end at cuts may be divided, those two places among them.
    func cuts(in layers: LayerRange) -> [Int] { (layers.first...layers.end).filter(isCut) }

    /// Where so many segments end.
    func end(of segmentCount: Int, from first: Int) -> Int {
        min(first + segmentCount * segmentLayers, layerCount)
    }

    /// Layers of stages of so many segments each, which are all of the model's.
    func layerCounts(ofSegments counts: [Int]) -> [Int] {
        var first = 0
        return counts.map { count in
            let end = end(of: count, from: first)
            defer { first = end }
            return end - first
        }
    }

    /// What a plan divides, for people.
    var unitName: String { segmentLayers == 1 ? "layer" : "segment of \(segmentLayers) layers" }
}
