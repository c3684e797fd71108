// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore

/// Which stage has which layers, a character a layer or, for many layers, a character for some.
enum BlockStrip {
    static let legend = "digit = stage  ~ loading  ! lost  . waiting"

    /// At most `limit` characters; a character that stands for several layers shows the worst of them.
    static func text(_ stages: [StageStatus], layerCount: Int, limit: Int) -> String {
        let layerCount = min(max(layerCount, 0), Limits.layersMax)
        let cellCount = min(layerCount, max(limit, 0))
        guard cellCount > 0 else { return "" }
        var worst = [(severity: Int, symbol: Character)](repeating: (-1, "?"), count: cellCount)
        for stage in stages {
            guard let first = stage.layers.first, let last = stage.layers.last else { continue }
            let layers = (max(first, 0), min(last, layerCount - 1))
            guard layers.0 <= layers.1 else { continue }
            let (severity, symbol) = mark(stage)
            for cell in layers.0 * cellCount / layerCount...layers.1 * cellCount / layerCount
            where severity > worst[cell].severity {
                worst[cell] = (severity, symbol)
            }
        }
        return String(worst.map(\.symbol))
    }

    private static func mark(_ stage: StageStatus) -> (severity: Int, symbol: Character) {
        switch stage.state {
        case .serving: (0, digit(stage.index))
        case .joined, .waiting: (1, ".")
        case .receiving, .loading: (2, "~")
        case .lost: (3, "!")
        }
    }

    /// 0…9, then letters; beyond those a plus sign.
    static func digit(_ index: Int) -> Character {
        let digits = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        return digits.indices.contains(index) ? digits[index] : "+"
    }
}
