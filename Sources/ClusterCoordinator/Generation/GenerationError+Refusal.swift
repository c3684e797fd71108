// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterLogic

extension GenerationError {
    init(_ refusal: SequenceRefusal) {
        switch refusal.code {
        case .invalid: self.init(.invalid, refusal.message)
        case .tooLong: self.init(.tooLong, refusal.message)
        case .overloaded: self.init(.overloaded, refusal.message, retryAfter: .seconds(1))
        case .failed: self.init(.failed, refusal.message)
        }
    }
}
