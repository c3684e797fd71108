// SPDX-License-Identifier: MIT

/// What a session has of its stage.
enum SessionStage {
    case none
    case loading(AssignedStage, StageLoading)
    case running(AssignedStage, StageRunner)

    var assigned: AssignedStage? {
        switch self {
        case .none: nil
        case .loading(let assigned, _), .running(let assigned, _): assigned
        }
    }

    /// What computes, once the stage is in memory.
    var runner: StageRunner? {
        guard case .running(_, let runner) = self else { return nil }
        return runner
    }

    /// Returns when it computes nothing more, and holds no memory that it does not need.
    func stop() async {
        switch self {
        case .none: break
        case .loading(_, let loading): await loading.stop()
        case .running(_, let runner): await runner.stop()
        }
    }
}
