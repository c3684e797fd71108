// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterPlanning

extension MeasurementBook {
    private static let format = 1

    /// The text of the book's file.
    var json: JSONValue {
        .object([
            ("format", .integer(Self.format)), ("workers", .list(workers.map(\.json))),
            ("links", .list(links.map(\.json))), ("runs", .list(runs.map(\.json))),
        ])
    }

    /// - Throws: ``ProfileError`` if an entry is missing something or out of bounds.
    init(_ fields: BookFields) throws(ProfileError) {
        self.init()
        let format = try fields.integer("format", in: 0...Int.max >> 12)
        guard format == Self.format else {
            throw ProfileError("the format is \(format), this release knows \(Self.format)")
        }
        record(workers: try fields.list("workers").map { entry throws(ProfileError) in try Worker(entry) })
        record(links: try fields.list("links").map { entry throws(ProfileError) in try Link(entry) })
        for entry in fields.list("runs") { try record(run: Run(entry)) }
    }
}

extension ProfiledShape {
    /// What is not said is as it was before there were scales in groups; encodings are numbered as in part files.
    fileprivate var members: [(key: String, value: JSONValue)] {
        var members: [(key: String, value: JSONValue)] = [
            ("hidden", .integer(hiddenSize)), ("query", .integer(querySize)),
            ("key_value", .integer(keyValueSize)), ("feed_forward", .integer(feedForwardSize)),
            ("vocabulary", .integer(vocabularySize)),
        ]
        if matrixEncoding != .t5 {
            members.append(("matrices", .integer(Int(clamping: matrixEncoding.rawValue))))
        }
        if activationGroup != 0 { members.append(("activation_group", .integer(activationGroup))) }
        if let ternaryHead { members.append(("ternary_head", .integer(Int(clamping: ternaryHead.rawValue)))) }
        return members
    }

    fileprivate init(_ fields: BookFields) throws(ProfileError) {
        let sizes = 0...1 << 40
        self.init(
            hiddenSize: try fields.integer("hidden", in: sizes),
            querySize: try fields.integer("query", in: sizes),
            keyValueSize: try fields.integer("key_value", in: sizes),
            feedForwardSize: try fields.integer("feed_forward", in: sizes),
            vocabularySize: try fields.integer("vocabulary", in: sizes),
            matrixEncoding: try Self.trits(fields, "matrices") ?? .t5,
            activationGroup: fields.numbers["activation_group"] != nil
                ? try fields.integer("activation_group", in: 0...256) : 0,
            ternaryHead: try Self.trits(fields, "ternary_head"))
        if let invalidity { throw ProfileError(invalidity) }
    }

    private static func trits(_ fields: BookFields, _ key: String) throws(ProfileError) -> TensorEncoding? {
        guard fields.numbers[key] != nil else { return nil }
        let number = try fields.integer(key, in: 0...Int(clamping: UInt8.max))
        guard let encoding = TensorEncoding(rawValue: UInt8(clamping: number)), encoding.isTernary else {
            throw ProfileError("\(key) is \(number), which is no encoding of trits known here")
        }
        return encoding
    }
}

extension StepCostCurve {
    fileprivate var json: JSONValue {
        .list(points.map { .list([.integer($0.count), .number($0.seconds)]) })
    }

    fileprivate init(_ fields: BookFields, _ key: String) throws(ProfileError) {
        var points: [Point] = []
        for pair in fields.pairs[key] ?? [] {
            guard let count = Int(exactly: pair.0) else {
                throw ProfileError("\(key) has a point at \(pair.0) tokens")
            }
            points.append(Point(count: count, seconds: pair.1))
        }
        try self.init(points)
    }
}

extension MeasurementBook.Worker {
    fileprivate var json: JSONValue {
        let members: [(key: String, value: JSONValue)] = [
            ("cluster", .text(cluster)), ("worker", .text(worker)), ("kernel", .text(kernel)),
        ]
        let figures: [(key: String, value: JSONValue)] = [
            ("measured_at", .integer(measuredAt)),
            ("memory_bytes", .integer(Int(clamping: min(memoryByteCount, Limits.machineMemoryBytesMax)))),
            ("layer_seconds", profile.layerSeconds.json),
            ("prefill_layer_seconds", profile.prefillLayerSeconds.json),
            ("head_seconds", profile.headSeconds.json), ("step_seconds", .number(profile.stepSeconds)),
            ("read_bytes_per_second", .number(profile.readBytesPerSecond)),
            ("attention_seconds", .number(profile.attentionSecondsPerToken)),
        ]
        return .object(members + shape.members + figures)
    }

    fileprivate init(_ fields: BookFields) throws(ProfileError) {
        self.init(
            cluster: try fields.name("cluster"), worker: try fields.name("worker"),
            shape: try ProfiledShape(fields), kernel: try fields.name("kernel"),
            profile: try WorkerProfile(
                layerSeconds: StepCostCurve(fields, "layer_seconds"),
                prefillLayerSeconds: StepCostCurve(fields, "prefill_layer_seconds"),
                headSeconds: StepCostCurve(fields, "head_seconds"),
                stepSeconds: fields.number("step_seconds"),
                readBytesPerSecond: fields.number("read_bytes_per_second"),
                attentionSecondsPerToken: fields.number("attention_seconds")),
            memoryByteCount: UInt64(
                clamping: try fields.integer("memory_bytes", in: 0...Int(Limits.machineMemoryBytesMax))),
            measuredAt: try fields.time("measured_at"))
    }
}

extension MeasurementBook.Link {
    /// An end without a name is the coordinator.
    fileprivate var json: JSONValue {
        var members: [(key: String, value: JSONValue)] = [("cluster", .text(cluster))]
        if case .worker(let name) = from { members.append(("from", .text(name))) }
        if case .worker(let name) = to { members.append(("to", .text(name))) }
        members += [
            ("latency_seconds", .number(profile.latencySeconds)),
            ("bytes_per_second", .number(profile.bytesPerSecond)),
        ]
        return .object(members)
    }

    fileprivate init(_ fields: BookFields) throws(ProfileError) {
        func end(_ key: String) throws(ProfileError) -> LinkMatrix.End {
            fields.texts[key] == nil ? .coordinator : .worker(try fields.name(key))
        }
        self.init(
            cluster: try fields.name("cluster"), from: try end("from"), to: try end("to"),
            profile: try LinkProfile(
                latencySeconds: fields.number("latency_seconds"),
                bytesPerSecond: fields.number("bytes_per_second")))
    }
}

extension MeasurementBook.Run {
    fileprivate var json: JSONValue {
        let stages = stages.map { stage -> JSONValue in
            .object([
                ("worker", .text(stage.worker)), ("first_layer", .integer(stage.layers.first)),
                ("end_layer", .integer(stage.layers.end)), ("step_seconds", .number(stage.stepSeconds)),
                ("busy_share", .number(stage.busyShare)),
            ])
        }
        return .object(
            [("cluster", .text(cluster))] + shape.members + [
                ("concurrency", .integer(concurrency)), ("tokens_per_second", .number(tokensPerSecond)),
                ("measured_at", .integer(measuredAt)), ("stages", .list(stages)),
            ])
    }

    fileprivate init(_ fields: BookFields) throws(ProfileError) {
        var stages: [Stage] = []
        for entry in fields.list("stages") {
            let first = try entry.integer("first_layer", in: 0...Limits.layersMax)
            let end = try entry.integer("end_layer", in: 0...Limits.layersMax)
            guard let layers = LayerRange(first: first, end: end) else {
                throw ProfileError("a stage ends with layer \(end) and begins with \(first)")
            }
            stages.append(
                Stage(
                    worker: try entry.name("worker"), layers: layers,
                    stepSeconds: try entry.number("step_seconds"),
                    busyShare: try entry.number("busy_share")))
        }
        self.init(
            cluster: try fields.name("cluster"), shape: try ProfiledShape(fields),
            concurrency: try fields.integer("concurrency", in: 0...Limits.slotsMax), stages: stages,
            tokensPerSecond: try fields.number("tokens_per_second"),
            measuredAt: try fields.time("measured_at"))
    }
}
