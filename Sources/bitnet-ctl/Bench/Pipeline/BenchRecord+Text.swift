// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator

extension BenchRecord {
    /// The tables that people read; the first one in the form that they know from llama-bench.
    var text: String {
        var parts = [rateTable.markdown]
        if !stages.isEmpty { parts.append(stageTable.markdown) }
        var notes: [String] = []
        if let hopMicros {
            notes.append(
                "hop: \(hopMicros.text(places: 0)) µs beyond compute (median, one sequence, \(stageCount + 1) ways a step)"
            )
        }
        if let readRatio {
            notes.append(
                "one sequence: \(readRatio.text(places: 2)) of what reading the weights alone would allow")
        }
        if let mixed {
            notes.append(
                "gap between tokens of \(mixed.streams) streams, 95th percentile: "
                    + "\(mixed.quietGapP95Ms.text(places: 1)) ms alone, \(mixed.busyGapP95Ms.text(places: 1)) ms beside a "
                    + "prompt of \(mixed.promptTokens) tokens (a chunk takes \(mixed.chunkMs.text(places: 1)) ms; the "
                    + "prompt took \(mixed.promptSeconds.text(places: 1)) s)")
        }
        notes.append("\(processor), \(processors) processors; KV cache \(cacheType), \(head) head")
        parts.append(notes.map { $0 + "\n" }.joined())
        return parts.joined(separator: "\n")
    }

    private var rateTable: MarkdownTable {
        var table = MarkdownTable(["model", "size", "params", "workers", "stages", "C", "test", "t/s ± sd"])
        for row in rows {
            table.add([
                model, "\((Double(sizeBytes) / Double(1 << 30)).text(places: 2)) GiB",
                "\((Double(parameters) / 1e9).text(places: 2)) B", "\(workers)", "\(stageCount)",
                "\(row.concurrency)", row.test,
                "\(row.mean.text(places: 2)) ± \(row.deviation.text(places: 2))",
            ])
        }
        return table
    }

    private var stageTable: MarkdownTable {
        var table = MarkdownTable([
            "C", "stage", "worker", "layers", "threads", "tokens/step", "compute ms", "read ms", "busy %",
            "idle ms", "sending ms", "ahead %", "B/step",
        ])
        for stage in stages {
            table.add([
                "\(stage.concurrency)", "\(stage.index)", "\(stage.worker) (\(stage.isa))", stage.layers,
                "\(stage.threads)", stage.tokensPerStep.text(places: 1), stage.computeMs.text(places: 2),
                stage.readMs?.text(places: 2) ?? "–", (stage.busy * 100).text(places: 1),
                stage.idleMs.text(places: 2), stage.sendingMs.text(places: 2),
                (stage.ahead * 100).text(places: 0), stage.receivedBytesPerStep.text(places: 0),
            ])
        }
        return table
    }

    /// Two runs side by side: the tests that both have, and how many times faster the second is.
    static func comparison(_ first: BenchRecord, _ second: BenchRecord, names: (String, String)) -> String {
        var table = MarkdownTable(["C", "test", names.0, names.1, "ratio"])
        for row in first.rows {
            let same = second.rows.first { $0.test == row.test && $0.concurrency == row.concurrency }
            guard let same else { continue }
            table.add([
                "\(row.concurrency)", row.test,
                "\(row.mean.text(places: 2)) ± \(row.deviation.text(places: 2))",
                "\(same.mean.text(places: 2)) ± \(same.deviation.text(places: 2))",
                (same.mean / max(row.mean, 1e-9)).text(places: 3),
            ])
        }
        return [(names.0, first), (names.1, second)].map { name, record in
            "\(name): \(record.model), \(record.workers) workers, \(record.stageCount) stages, \(record.processor)\n"
        }.joined() + "\n" + table.markdown
    }
}
