// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetEngine

/// What `bench model` found.
package struct ModelBenchReport: Sendable {
    package var model: String
    package var machine: Machine
    package var options: ModelBench.Options
    package var isSynthetic: Bool
    package var measuredLayerCount: Int
    /// How many times as many layers as measured the model has.
    package var layerFactor: Double
    /// Bytes of the layers that were measured.
    package var layerByteCount: UInt64
    package var memory: StageMemory
    /// Decode, decode of eight sequences, prefill.
    package var phases: [ModelBench.Phase]

    package init(
        model: String, machine: Machine, options: ModelBench.Options, isSynthetic: Bool,
        measuredLayerCount: Int, layerFactor: Double, layerByteCount: UInt64, memory: StageMemory,
        phases: [ModelBench.Phase]
    ) {
        self.model = model
        self.machine = machine
        self.options = options
        self.isSynthetic = isSynthetic
        self.measuredLayerCount = measuredLayerCount
        self.layerFactor = layerFactor
        self.layerByteCount = layerByteCount
        self.memory = memory
        self.phases = phases
    }

    /// What `bench` found in these phases.
    package init(
        _ bench: ModelBench, phases: [ModelBench.Phase], machine: Machine, options: ModelBench.Options,
        isSynthetic: Bool
    ) {
        self.init(
            model: bench.stage.model.name, machine: machine, options: options, isSynthetic: isSynthetic,
            measuredLayerCount: bench.stage.layers.count, layerFactor: bench.layerFactor,
            layerByteCount: bench.layerByteCount, memory: bench.memory, phases: phases)
    }

    /// Layers of the whole model.
    var layerCount: Int { Int(clamping: (Double(measuredLayerCount) * layerFactor).rounded()) }

    /// Bytes of the whole model, the layers that were not loaded included.
    var residentByteCount: Double {
        let layers = Double(layerByteCount) + Double(memory.cache)
        return Double(memory.total) + layers * (layerFactor - 1)
    }
}
