// SPDX-License-Identifier: MIT
package import BitNetCore
package import ClusterPlanning

/// The plan as a table for people.
package enum PlanReport {
    package static func lines(plan: Plan, model: ModelDescription) -> [String] {
        var lines = [
            "\(model.name): \(model.layerCount) layers, hidden \(model.hiddenSize), \(plan.stages.count) stage"
                + (plan.stages.count == 1 ? "" : "s")
        ]
        let rows = plan.stages.map { stage in
            [
                "stage \(stage.index)", "layers \(stage.layers)",
                ByteCount.text(stage.wireByteCount) + " packed",
                ByteCount.text(stage.readByteCount) + " read per token",
                ByteCount.text(stage.memoryByteCount) + " memory", stage.worker,
            ]
        }
        lines += Table.lines(rows).map { "  " + $0 }
        if !plan.unused.isEmpty { lines.append("  not used: " + plan.unused.joined(separator: ", ")) }
        return lines
    }
}

/// Columns padded to their widest cell.
package enum Table {
    package static func lines(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                column + 1 == row.count
                    ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            return cells.joined(separator: "  ")
        }
    }
}
