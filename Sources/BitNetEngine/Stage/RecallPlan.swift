// SPDX-License-Identifier: MIT
import BitNetCore

/// Which of its layers a stage computes for a token whose states it has in some of them.
struct RecallPlan: Equatable {
    /// Those with the states of all tokens that the stage was given.
    let keptLayers: Set<Int>
    /// So that all layers have the token's state, and its hop can be handed on; empty if that is so already.
    ///
    /// What goes in is kept as a hop if it does not arrive; where it ends before the stage does, what goes out is kept.
    let handingOn: Range<Int>
    /// So that the last layer's output is there.
    let choosing: Range<Int>

    /// - Parameters:
    ///   - layers: of the stage.
    ///   - keptHops: layers before which hops are kept.
    init(layers: LayerRange, isLast: Bool, keptLayers: Set<Int>, keptHops: Set<Int>) {
        self.keptLayers = keptLayers
        let all = layers.first..<layers.end
        let missing = all.filter { !keptLayers.contains($0) }
        let isOutputKept = isLast || keptHops.contains(layers.end)
        func start(before layer: Int) -> Int {
            keptHops.filter { all.contains($0) && $0 <= layer }.max() ?? layers.first
        }
        if let first = missing.first, let last = missing.last {
            handingOn = start(before: first)..<(isOutputKept ? last + 1 : layers.end)
        } else {
            handingOn = isOutputKept ? layers.end..<layers.end : start(before: layers.end - 1)..<layers.end
        }
        choosing = start(before: missing.first ?? layers.end - 1)..<layers.end
    }
}
