// SPDX-License-Identifier: MIT

package import BitNetCore

extension Frame {
    /// What the coordinator sends to the first stage.
    package init(_ item: PipelineItem) {
        switch item {
        case .open(let opening): self.init(opening)
        case .step(let step): self = StepFrame.encode(step)
        case .close(let slot): self.init(Closing(slot: slot))
        }
    }
}
