// SPDX-License-Identifier: MIT

import BitNetCore
import CClusterProto

/// Coordinator to worker, before the plan: measure what you do with a model of this shape.
package struct Measure: ControlMessage {
    package static let frameType = FrameType.measure

    package var layerCount: UInt32
    package var hiddenSize: UInt32
    package var feedForwardSize: UInt32
    package var headCount: UInt32
    package var keyValueHeadCount: UInt32
    package var headSize: UInt32
    package var vocabularySize: UInt32
    package var hasSquaredReLU: Bool
    package var hasSubNorms: Bool
    /// `f32`, `f16` or `int8`.
    package var cacheType: String
    /// `fast` or `exact`.
    package var head: String
    /// Measure again, whatever an earlier join has brought.
    package var ignoresMemory: Bool

    package init(
        layerCount: UInt32, hiddenSize: UInt32, feedForwardSize: UInt32, headCount: UInt32,
        keyValueHeadCount: UInt32, headSize: UInt32, vocabularySize: UInt32, hasSquaredReLU: Bool,
        hasSubNorms: Bool, cacheType: String, head: String,
        ignoresMemory: Bool = false
    ) {
        self.layerCount = layerCount
        self.hiddenSize = hiddenSize
        self.feedForwardSize = feedForwardSize
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.headSize = headSize
        self.vocabularySize = vocabularySize
        self.hasSquaredReLU = hasSquaredReLU
        self.hasSubNorms = hasSubNorms
        self.cacheType = cacheType
        self.head = head
        self.ignoresMemory = ignoresMemory
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Measure: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Measure>) {
        cluster__measure__init(structure)
    }

    func write(to structure: inout Cluster__Measure, arena: EncodingArena) {
        structure.layer_count = layerCount
        structure.hidden_size = hiddenSize
        structure.feed_forward_size = feedForwardSize
        structure.head_count = headCount
        structure.key_value_head_count = keyValueHeadCount
        structure.head_size = headSize
        structure.vocabulary_size = vocabularySize
        structure.has_squared_relu = hasSquaredReLU ? 1 : 0
        structure.has_sub_norms = hasSubNorms ? 1 : 0
        structure.cache_type = arena.text(cacheType)
        structure.head = arena.text(head)
        structure.ignores_memory = ignoresMemory ? 1 : 0
    }

    init(_ structure: Cluster__Measure) throws(WireError) {
        let reader = FieldReader(Self.self)
        func size(_ field: String, _ value: UInt32, _ limit: Int) throws(WireError) -> UInt32 {
            try reader.number(field, value, in: 1...UInt32(limit))
        }
        layerCount = try size("layerCount", structure.layer_count, Limits.layersMax)
        hiddenSize = try size("hiddenSize", structure.hidden_size, Limits.hiddenSizeMax)
        feedForwardSize = try size(
            "feedForwardSize", structure.feed_forward_size, Limits.feedForwardSizeMax)
        headCount = try size("headCount", structure.head_count, Limits.headsMax)
        keyValueHeadCount = try size(
            "keyValueHeadCount", structure.key_value_head_count, Limits.headsMax)
        headSize = try size("headSize", structure.head_size, Limits.headSizeMax)
        vocabularySize = try size("vocabularySize", structure.vocabulary_size, Limits.vocabularyMax)
        hasSquaredReLU = structure.has_squared_relu != 0
        hasSubNorms = structure.has_sub_norms != 0
        cacheType = try reader.name("cacheType", structure.cache_type.bytes)
        head = try reader.name("head", structure.head.bytes)
        ignoresMemory = structure.ignores_memory != 0
    }
}

/// How long something takes for a number of tokens.
///
/// Nothing is promised of the seconds: whoever uses them checks them.
package struct CurvePoint: Equatable, Sendable {
    package var count: UInt32
    package var seconds: Double

    package init(count: UInt32, seconds: Double) {
        self.count = count
        self.seconds = seconds
    }
}

extension CurvePoint: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__CurvePoint>) {
        cluster__curve_point__init(structure)
    }

    func write(to structure: inout Cluster__CurvePoint, arena: EncodingArena) {
        structure.count = count
        structure.seconds = seconds
    }

    init(_ structure: Cluster__CurvePoint) throws(WireError) {
        count = structure.count
        seconds = structure.seconds
    }
}

/// Worker to coordinator: the answer to ``Measure``.
///
/// Nothing is promised of the figures: whoever uses them checks them.
package struct Measured: ControlMessage {
    package static let frameType = FrameType.measured

    /// Tokens of one step, each of another sequence: seconds of one layer.
    package var layer: [CurvePoint] = []
    /// Tokens of a chunk of one prompt: seconds of one layer.
    package var prefill: [CurvePoint] = []
    /// Rows that bring a token: seconds of norm, head and sampling.
    package var head: [CurvePoint] = []
    /// What a step takes beyond layers and head.
    package var stepSeconds = 0.0
    package var readBytesPerSecond = 0.0
    /// In one layer, for each cached token that a token attends to.
    package var attentionSecondsPerToken = 0.0
    /// Memory of one layer's weights, bytes.
    package var layerByteCount: UInt64 = 0
    /// What computed, for people and to tell measurements apart.
    package var kernel = ""
    /// Measured at an earlier join.
    package var isRemembered = false

    package init() {}

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Measured: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Measured>) {
        cluster__measured__init(structure)
    }

    func write(to structure: inout Cluster__Measured, arena: EncodingArena) {
        structure.n_layer = layer.count
        structure.layer = arena.structures(layer)
        structure.n_prefill = prefill.count
        structure.prefill = arena.structures(prefill)
        structure.n_head = head.count
        structure.head = arena.structures(head)
        structure.step_seconds = stepSeconds
        structure.read_bytes_per_second = readBytesPerSecond
        structure.attention_seconds_per_token = attentionSecondsPerToken
        structure.layer_byte_count = layerByteCount
        structure.kernel = arena.text(kernel)
        structure.is_remembered = isRemembered ? 1 : 0
    }

    init(_ structure: Cluster__Measured) throws(WireError) {
        let reader = FieldReader(Self.self)
        layer = try reader.messages(
            "layer", structure.layer, count: structure.n_layer, countMax: Limits.profilePointsMax)
        prefill = try reader.messages(
            "prefill", structure.prefill, count: structure.n_prefill, countMax: Limits.profilePointsMax)
        head = try reader.messages(
            "head", structure.head, count: structure.n_head, countMax: Limits.profilePointsMax)
        stepSeconds = structure.step_seconds
        readBytesPerSecond = structure.read_bytes_per_second
        attentionSecondsPerToken = structure.attention_seconds_per_token
        layerByteCount = structure.layer_byte_count
        kernel = try reader.name("kernel", structure.kernel.bytes)
        isRemembered = structure.is_remembered != 0
    }
}
