// SPDX-License-Identifier: MIT
import BitNetCore

extension BenchRecord {
    /// The tables that people read; the first one in the form that they know from llama-bench.
    package var text: String {
        let tables = stages.isEmpty ? [rateTable] : [rateTable, stageTable]
        return (tables.map(\.markdown) + [notes.map { $0 + "\n" }.joined()]).joined(separator: "\n")
    }

    private var notes: [String] {
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
        notes += (drafting ?? []).map { drafting in
            "drafts, \(plural(drafting.concurrency, "sequence")): \(drafting.ratio.text(places: 2)) of the speed without them, "
                + "\(drafting.tokensPerStep.text(places: 2)) tokens a step, \(drafting.accepted) of "
                + "\(drafting.accepted + drafting.rejected) drafted tokens accepted"
        }
        return notes + ["\(processor), \(processors) processors; KV cache \(cacheType), \(head) head"]
    }

    private var rateTable: Table<String> {
        var table = Table(
            ["model", "size", "params", "workers", "stages", "C", "test", "t/s ± sd"], first: .right,
            others: .right)
        for row in rows {
            table.add([
                model, "\((Double(sizeBytes) / Double(1 << 30)).text(places: 2)) GiB",
                "\((Double(parameters) / 1e9).text(places: 2)) B", "\(workers)", "\(stageCount)",
                "\(row.concurrency)", row.test, row.rate,
            ])
        }
        return table
    }

    private var stageTable: Table<String> {
        var table = Table(
            [
                "C", "stage", "worker", "layers", "threads", "tokens/step", "compute ms", "read ms", "busy %",
                "idle ms", "sending ms", "ahead %", "B/step",
            ], first: .right, others: .right)
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
    package static func comparison(
        _ first: BenchRecord, _ second: BenchRecord, names: (String, String)
    ) -> String {
        var table = Table(["C", "test", names.0, names.1, "ratio"], first: .right, others: .right)
        for row in first.rows {
            let same = second.rows.first { $0.test == row.test && $0.concurrency == row.concurrency }
            guard let same else { continue }
            table.add([
                "\(row.concurrency)", row.test, row.rate, same.rate,
                (same.mean / max(row.mean, 1e-9)).text(places: 3),
            ])
        }
        return [(names.0, first), (names.1, second)].map { name, record in
            PrintableText.line(
                "\(name): \(record.model), \(record.workers) workers, \(record.stageCount) stages, "
                    + record.processor) + "\n"
        }.joined() + "\n" + table.markdown
    }
}

extension BenchRecord.Row {
    fileprivate var rate: String { "\(mean.text(places: 2)) ± \(deviation.text(places: 2))" }
}
