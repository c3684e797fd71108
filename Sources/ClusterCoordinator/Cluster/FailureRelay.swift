// SPDX-License-Identifier: MIT
import Synchronization

/// Carries the workers' failures to the pipeline, and keeps those that come before there is one.
package final class FailureRelay: Sendable {
    private let state = Mutex<(earliest: ClusterError?, pipeline: ClusterPipeline?)>((nil, nil))

    package init() {}

    package func report(_ error: ClusterError) {
        let pipeline = state.withLock { state in
            if state.earliest == nil { state.earliest = error }
            return state.pipeline
        }
        pipeline?.fail(error)
    }

    /// What has failed until now is no failure of the pipeline that is to come.
    package func forget() { state.withLock { $0.earliest = nil } }

    package func connect(to pipeline: ClusterPipeline) {
        let earliest = state.withLock { state in
            state.pipeline = pipeline
            return state.earliest
        }
        if let earliest { pipeline.fail(earliest) }
    }
}
