// SPDX-License-Identifier: MIT
package import BitNetCore
package import ClusterPlanning

/// The plan as a table for people.
package enum PlanReport {
    package static func lines(plan: Plan, model: ModelDescription) -> [String] {
        var lines = [
            "\(model.name): \(model.layerCount) layers, hidden \(model.hiddenSize), "
                + plural(plan.stages.count, "stage")
        ]
        let rows = plan.stages.map { stage in
            [
                "stage \(stage.index)", "layers \(stage.layers)",
                ByteCount.text(stage.wireByteCount) + " packed",
                ByteCount.text(stage.readByteCount) + " read per token",
                ByteCount.text(stage.memoryByteCount) + " memory", stage.worker,
            ]
        }
        lines += Table(rows: rows).lines.map { "  " + $0 }
        if !plan.unused.isEmpty { lines.append("  not used: " + plan.unused.joined(separator: ", ")) }
        return lines
    }
}
