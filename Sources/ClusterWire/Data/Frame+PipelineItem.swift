// SPDX-License-Identifier: MIT

package import BitNetCore

extension Frame {
    /// What the coordinator sends to the first stage.
    package init(_ item: PipelineItem) {
        switch item {
        case .open(let opening): self.init(opening)
        case .step(let step):
            let payload = StepFrame.encode(step: step).dropFirst(FrameHeader.byteCount)
            self.init(type: .step, stream: step.id, payload: [UInt8](payload))
        case .close(let slot):
            self.init(Closing(slot: slot))
        }
    }
}
