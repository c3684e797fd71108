// SPDX-License-Identifier: MIT

/// `GET /v1/status`: one look at the whole cluster.
///
/// Keys are written in snake case. Fields may be added within a version; readers skip what they do not know.
/// Figures that are not known are left out.
package struct ClusterStatus: Codable, Equatable, Sendable {
    package enum State: String, Codable, CaseIterable, Sendable {
        case starting
        case serving
        /// Serving, but with a remark: see `reasons`.
        case degraded
        case draining
        /// A stage was lost, and requests wait for another to take its place.
        case recovering
        case down
    }

    package var apiVersion = AdminAPI.version
    /// Name of the cluster; `local` for stages inside the coordinator.
    package var cluster: String
    package var state: State
    /// Why it is not simply serving, for people.
    package var reasons: [String] = []
    /// Release of the coordinator.
    package var build: String
    /// Seconds since 1970, when this was so.
    package var time: Double
    /// Since the coordinator's start.
    package var uptimeSeconds: Double
    /// Base of the public API, such as `http://127.0.0.1:8080/v1`; absent if there is none.
    package var gateway: String?
    package var model: ModelStatus
    /// Workers of the cluster file that are not spares, and how many of them answer.
    package var workersExpected: Int
    package var workersJoined: Int
    package var stages: [StageStatus] = []
    /// Workers without layers that were seen to stand by, or not to; absent from coordinators that have none do it.
    package var spares: [SpareStatus]?
    package var throughput: ThroughputStatus
    package var queue: QueueStatus
    /// What an operator might do, each one sentence.
    package var hints: [String] = []
    /// The latest first.
    package var failures: [FailureRecord] = []

    package init(
        cluster: String, state: State, build: String, time: Double, uptimeSeconds: Double, model: ModelStatus,
        workersExpected: Int, workersJoined: Int, throughput: ThroughputStatus = .init(),
        queue: QueueStatus = .init()
    ) {
        self.cluster = cluster
        self.state = state
        self.build = build
        self.time = time
        self.uptimeSeconds = uptimeSeconds
        self.model = model
        self.workersExpected = workersExpected
        self.workersJoined = workersJoined
        self.throughput = throughput
        self.queue = queue
    }
}

package struct ModelStatus: Codable, Equatable, Sendable {
    package var name: String
    package var parameterCount: UInt64
    package var layerCount: Int
    package var hiddenSize: Int
    package var vocabularySize: Int
    /// Tokens that a sequence may hold.
    package var contextLength: Int
    /// `f32`, `f16` or `int8`.
    package var cacheType: String
    /// Layers that are placed as one, behind which activations are rounded; absent from coordinators that know of none.
    package var segmentLayers: Int?

    package init(
        name: String, parameterCount: UInt64, layerCount: Int, hiddenSize: Int, vocabularySize: Int,
        contextLength: Int, cacheType: String, segmentLayers: Int? = nil
    ) {
        self.name = name
        self.parameterCount = parameterCount
        self.layerCount = layerCount
        self.hiddenSize = hiddenSize
        self.vocabularySize = vocabularySize
        self.contextLength = contextLength
        self.cacheType = cacheType
        self.segmentLayers = segmentLayers
    }
}

/// One stage on its worker.
///
/// Rates and shares are those of the last `AdminAPI.windowSeconds`.
package struct StageStatus: Codable, Equatable, Sendable {
    package enum State: String, Codable, CaseIterable, Sendable {
        case waiting
        case joined
        case receiving
        case loading
        case serving
        case lost
    }

    package var index: Int
    package var worker: String
    package var address: String
    package var state: State
    /// The first and the last layer.
    package var layers: [Int]
    /// Memory of weights, KV cache and scratch, bytes.
    package var memoryBytes: UInt64?
    /// What the worker may use, bytes.
    package var memoryLimitBytes: UInt64?
    /// Processors that its process kept busy, on average.
    package var coresActive: Double?
    package var cores: Int?
    package var threads: Int?
    /// Instruction set of the kernels.
    package var isa: String?
    /// Mean time of a step inside the forward pass.
    package var computeMilliseconds: Double?
    /// Share of the time in which the stage was not computing, 0...1.
    package var idleFraction: Double?
    package var stepsPerSecond: Double?
    /// Bytes of hops that came in.
    package var receivedBytesPerSecond: Double?
    /// One way on the link that brings its input, measured at join.
    package var linkMilliseconds: Double?
    /// What that link carries, measured at join.
    package var linkBytesPerSecond: Double?
    /// Round trip of the last heartbeat.
    package var heartbeatMilliseconds: Double?
    /// Share of processor time that other virtual machines took, 0...1.
    package var stealFraction: Double?
    /// Free space where it keeps weights.
    package var diskFreeBytes: UInt64?
    /// Release of the worker.
    package var build: String?
    /// Whether this stage bounds the throughput.
    package var isSlowest = false
    /// How far shipping or loading is, 0...1, while it lasts.
    package var progress: Double?

    package init(index: Int, worker: String, address: String, state: State, layers: [Int]) {
        self.index = index
        self.worker = worker
        self.address = address
        self.state = state
        self.layers = layers
    }
}

/// Rates of the last `AdminAPI.windowSeconds`, and times of the last requests.
package struct ThroughputStatus: Codable, Equatable, Sendable {
    /// Tokens written for all sequences together.
    package var decodeTokensPerSecond: Double = 0
    /// Prompt tokens read.
    package var prefillTokensPerSecond: Double = 0
    /// Sequences that were decoding on average.
    package var activeSequences: Double = 0
    /// What one sequence by itself gets; measured when one was alone, else as planned.
    package var aloneTokensPerSecond: Double?
    package var isAloneMeasured: Bool = false
    /// What all slots together get, as planned; the plan's bound of `decodeTokensPerSecond`.
    package var plannedTokensPerSecond: Double?
    package var timeToFirstTokenP50Milliseconds: Double?
    package var timeToFirstTokenP95Milliseconds: Double?
    package var betweenTokensP50Milliseconds: Double?
    package var betweenTokensP95Milliseconds: Double?
    package var generatedTokenCount: UInt64 = 0
    package var promptTokenCount: UInt64 = 0
    package var stepCount: UInt64 = 0

    package init() {}
}

package struct QueueStatus: Codable, Equatable, Sendable {
    /// Sequences that wait for a slot.
    package var waiting: Int = 0
    /// Sequences that have one.
    package var running: Int = 0
    package var slots: Int = 0
    /// Sequences that may wait; more are refused.
    package var waitingMax: Int = 0
    package var refusedCount: UInt64 = 0
    package var finishedCount: UInt64 = 0
    package var failedCount: UInt64 = 0

    package init() {}
}

/// Something that went wrong.
package struct FailureRecord: Codable, Equatable, Sendable {
    /// Seconds since 1970.
    package var time: Double
    package var worker: String?
    package var message: String
    /// Sequences that it interrupted.
    package var lostSequenceCount: Int
    /// How long nothing was served; absent while that lasts.
    package var outageSeconds: Double?

    package init(
        time: Double, worker: String? = nil, message: String, lostSequenceCount: Int = 0,
        outageSeconds: Double? = nil
    ) {
        self.time = time
        self.worker = worker
        self.message = message
        self.lostSequenceCount = lostSequenceCount
        self.outageSeconds = outageSeconds
    }
}
