// SPDX-License-Identifier: MIT

package import BitNetCore

extension Frame {
    /// What the coordinator sends to the first stage.
    ///
    /// - Throws: ``WireError`` for an item that is beyond the limits.
    package init(_ item: PipelineItem) throws(WireError) {
        switch item {
        case .open(let opening): try self.init(opening)
        case .step(let step): self = try StepFrame.encode(step)
        case .close(let slot): self.init(Closing(slot: slot))
        }
    }
}
