// SPDX-License-Identifier: MIT

/// Where a pipeline's stages are.
package enum PipelinePlace: Equatable, Sendable {
    /// On the workers that a cluster file names.
    case workers(clusterFile: String)
    case process(LocalStages)

    package var clusterFile: String? {
        guard case .workers(let path) = self else { return nil }
        return path
    }
}

/// Stages inside one process.
package struct LocalStages: Equatable, Sendable {
    /// Layers before which the model is cut, rising.
    package var cuts: [Int]
    /// Compute threads in all, shared out over the stages; `nil` for all that the process may use.
    package var threadCount: Int?
    package var kernels: KernelChoice
    package var mode: KernelMode

    package init(
        cuts: [Int] = [], threadCount: Int? = nil, kernels: KernelChoice = .auto, mode: KernelMode = .auto
    ) {
        self.cuts = cuts
        self.threadCount = threadCount
        self.kernels = kernels
        self.mode = mode
    }
}
