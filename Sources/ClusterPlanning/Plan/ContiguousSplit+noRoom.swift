// SPDX-License-Identifier: MIT

import BitNetCore

extension ContiguousSplit {
    /// Says how many bytes are short, in all and where.
    func noRoom() -> PlanError {
        let layerCount = costs.layerCount
        let stageCount = UInt64(clamping: min(workers.count, costs.segmentCount))
        let memory = costs.cost.memory
        let needed =
            memory.byteCount(layers: layerCount, isFirst: true, isLast: true)
            + (stageCount > 1 ? (stageCount - 1) * (memory.perStage + memory.perHop) + memory.shared : 0)
        // Clamped so that hostile reports cannot overflow the sum; no machine has a pebibyte.
        let offered = workers.reduce(0) { $0 + min($1.memoryByteCount, 1 << 50) }
        let short = needed > offered ? needed - offered : 0
        let summary =
            short > 0
            ? "the model needs \(ByteCount.text(needed)) in \(stageCount) stages, the workers offer "
                + "\(ByteCount.text(offered)): \(short) bytes short in all"
            : "the workers offer enough in all (\(ByteCount.text(offered)) for \(ByteCount.text(needed))), but no cut "
                + "into contiguous stages fits them in this order"
        return PlanError(
            .memory,
            ([summary] + details()).joined(separator: "; ")
                + ". Add workers or memory, or lower --ctx-size or --parallel", shortByteCount: short)
    }

    /// One line for each worker that stays without a layer, and one for what is left over at the end.
    private func details() -> [String] {
        var first = 0
        var lines: [String] = []
        for (index, worker) in workers.enumerated() {
            let ends = first < costs.layerCount ? Array(costs.ends(from: first)) : []
            let end =
                ends.prefix { costs.memoryByteCount(worker, first, $0) <= worker.memoryByteCount }.last
                ?? first
            let isLast = index == workers.count - 1
            if isLast {
                lines.append(line(worker, first, costs.layerCount))
            } else if end == first {
                lines.append(line(worker, first, ends.first ?? first))
            }
            first = end
        }
        return lines
    }

    private func line(_ worker: WorkerOffer, _ first: Int, _ end: Int) -> String {
        let needed = costs.memoryByteCount(worker, first, end)
        let layers = end - first == 1 ? "layer \(first)" : "layers \(first)-\(end - 1)"
        return "worker \(worker.name) would need \(ByteCount.text(needed)) for \(layers) but may use "
            + "\(ByteCount.text(worker.memoryByteCount)): \(needed - min(worker.memoryByteCount, needed)) bytes short"
    }
}
