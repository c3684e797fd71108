// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetFormats
package import ClusterPlanning

/// What decides the memory of a stage besides the model.
package struct StageSettings: Equatable, Sendable {
    package var slotCount: Int
    package var contextLength: Int
    /// As the coordinator's option.
    package var cacheType: String
    package var prefillChunk: Int
    /// fast or exact.
    package var head: String

    package init(slotCount: Int, contextLength: Int, cacheType: String, prefillChunk: Int, head: String) {
        self.slotCount = slotCount
        self.contextLength = contextLength
        self.cacheType = cacheType
        self.prefillChunk = prefillChunk
        self.head = head
    }

    fileprivate func estimate(of model: ModelDescription) -> MemoryEstimate {
        MemoryEstimate(
            model: model, slotCount: slotCount, contextLength: contextLength,
            cacheType: cacheType, stepTokensMax: prefillChunk + slotCount,
            copiesHead: head == "fast")
    }
}

extension ModelCost {
    /// What the coordinator would plan with before it asks any worker.
    package static func estimate(of file: ModelFile, _ settings: StageSettings) -> ModelCost {
        settings.estimate(of: file.description).cost(of: file)
    }

    /// The same for a shape of which there is no file.
    package static func estimate(of model: ModelDescription, _ settings: StageSettings) -> ModelCost {
        settings.estimate(of: model).costOfShape()
    }
}
