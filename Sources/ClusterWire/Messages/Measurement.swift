// SPDX-License-Identifier: MIT

package import BitNetCore
import CClusterProto

/// Coordinator to worker, before the plan: measure what you do with a model of this shape.
package struct Measure: BriefMessage {
    package static let frameType = FrameType.measure

    package var shape: ModelDescription.Shape
    package var activation: ModelDescription.Activation
    /// As in ``ModelDescription``.
    package var matrixEncoding: TensorEncoding
    /// As in ``ModelDescription``.
    package var activationGroup: Int
    /// How the trits of the head are written; `nil` for a head of floats.
    package var ternaryHead: TensorEncoding?
    package var cacheType: CacheType
    package var headType: HeadType
    /// Measure again, whatever an earlier join has brought.
    package var ignoresMemory: Bool

    package init(
        shape: ModelDescription.Shape, activation: ModelDescription.Activation,
        matrixEncoding: TensorEncoding = .t5, activationGroup: Int = 0, ternaryHead: TensorEncoding? = nil,
        cacheType: CacheType, headType: HeadType, ignoresMemory: Bool = false
    ) {
        self.shape = shape
        self.activation = activation
        self.matrixEncoding = matrixEncoding
        self.activationGroup = activationGroup
        self.ternaryHead = ternaryHead
        self.cacheType = cacheType
        self.headType = headType
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
        structure.layer_count = UInt32(clamping: shape.layerCount)
        structure.hidden_size = UInt32(clamping: shape.hiddenSize)
        structure.feed_forward_size = UInt32(clamping: shape.feedForwardSize)
        structure.head_count = UInt32(clamping: shape.headCount)
        structure.key_value_head_count = UInt32(clamping: shape.keyValueHeadCount)
        structure.head_size = UInt32(clamping: shape.headSize)
        structure.vocabulary_size = UInt32(clamping: shape.vocabularySize)
        structure.has_squared_relu = activation == .squaredReLU ? 1 : 0
        structure.has_sub_norms = shape.hasSubNorms ? 1 : 0
        structure.cache_type = arena.text(cacheType.rawValue)
        structure.head = arena.text(headType.rawValue)
        structure.ignores_memory = ignoresMemory ? 1 : 0
        structure.has_head_norms = shape.hasHeadNorms ? 1 : 0
        structure.matrix_encoding = UInt32(truncatingIfNeeded: matrixEncoding.rawValue)
        structure.activation_group = UInt32(clamping: activationGroup)
        structure.ternary_head = ternaryHead.map { UInt32(truncatingIfNeeded: $0.rawValue) + 1 } ?? 0
    }

    init(_ structure: Cluster__Measure) throws(WireError) {
        let reader = FieldReader(Self.self)
        shape = ModelDescription.Shape(
            layerCount: try reader.size("layerCount", structure.layer_count, max: Limits.layersMax),
            hiddenSize: try reader.size("hiddenSize", structure.hidden_size, max: Limits.hiddenSizeMax),
            feedForwardSize: try reader.size(
                "feedForwardSize", structure.feed_forward_size, max: Limits.feedForwardSizeMax),
            headCount: try reader.size("headCount", structure.head_count, max: Limits.headsMax),
            keyValueHeadCount: try reader.size(
                "keyValueHeadCount", structure.key_value_head_count, max: Limits.headsMax),
            headSize: try reader.size("headSize", structure.head_size, max: Limits.headSizeMax),
            vocabularySize: try reader.size(
                "vocabularySize", structure.vocabulary_size, max: Limits.vocabularyMax),
            hasSubNorms: structure.has_sub_norms != 0, hasHeadNorms: structure.has_head_norms != 0)
        activation = structure.has_squared_relu != 0 ? .squaredReLU : .siLU
        cacheType = try reader.known("cacheType", structure.cache_type.bytes)
        headType = try reader.known("head", structure.head.bytes, absent: .exact)
        ignoresMemory = structure.ignores_memory != 0
        matrixEncoding = try Self.trits("matrixEncoding", structure.matrix_encoding)
        let head = structure.ternary_head
        ternaryHead = head == 0 ? nil : try Self.trits("ternaryHead", head - 1)
        activationGroup = Int(
            clamping: try reader.number("activationGroup", structure.activation_group, in: 0...256))
    }

    private static func trits(_ field: String, _ number: UInt32) throws(WireError) -> TensorEncoding {
        guard let encoding = UInt8(exactly: number).flatMap(TensorEncoding.init(rawValue:)),
            encoding.isTernary
        else {
            throw WireError(
                .name, "Measure.\(field) is \(number), which is no encoding of trits known here")
        }
        return encoding
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
        layerByteCount = reader.figure(structure.layer_byte_count)
        kernel = try reader.name("kernel", structure.kernel.bytes)
        isRemembered = structure.is_remembered != 0
    }
}
