// SPDX-License-Identifier: MIT
import BitNetCore

extension GenerationError {
    init(_ refusal: SequenceRefusal) {
        switch refusal.code {
        case .invalid: self.init(.invalid, refusal.message)
        case .tooLong: self.init(.tooLong, refusal.message)
        case .overloaded: self.init(.overloaded, refusal.message, retryAfter: .seconds(1))
        case .failed: self.init(.failed, refusal.message)
        }
    }

    /// What those are told whose generation ends with the pipeline.
    init(pipelineEnd error: any Error) {
        let message = error.words
        self.init(.failed, message, retryAfter: .seconds(2))
    }
}
