// SPDX-License-Identifier: MIT

/// What a session has of its stages.
enum SessionStages {
    case none
    case loading(AssignedStages, StageLoading)
    case running(AssignedStages, [StageRunner])

    var assigned: AssignedStages? {
        switch self {
        case .none: nil
        case .loading(let assigned, _), .running(let assigned, _): assigned
        }
    }

    /// What computes, in the order of ``assigned``; nothing before all are in memory.
    var runners: [StageRunner] {
        guard case .running(_, let runners) = self else { return [] }
        return runners
    }

    /// Returns when they compute nothing more, and hold no memory that they do not need.
    func stop() async {
        switch self {
        case .none: break
        case .loading(_, let loading): await loading.stop()
        case .running(_, let runners): for runner in runners { await runner.stop() }
        }
    }
}
