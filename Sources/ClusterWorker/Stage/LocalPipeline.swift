// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetEngine
import ClusterWire

/// All stages inside this process, joined as workers would be: the same runners, the same frames, the same
/// int8 hops, only no sockets between them.
///
/// The reference that a cluster's output must equal bit for bit.
package final class LocalPipeline: StepPipeline {
    private let runners: [StageRunner]
    private let outcomes: OutcomeRelay

    /// - Parameter stages: in pipeline order; used by nobody else from now on.
    package init(stages: [Stage]) {
        let outcomes = OutcomeRelay()
        self.outcomes = outcomes
        var runners: [StageRunner] = []
        for stage in stages.reversed() {
            let next = runners.last
            runners.append(
                StageRunner(stage: stage) { output in
                    do {
                        switch output {
                        case .failure(let error): throw error
                        case .frame(let frame, let sent):
                            sent()
                            if let next {
                                next.receive(frame)
                            } else {
                                outcomes.deliver(try OutcomeFrame.decode(frame))
                            }
                        }
                    } catch {
                        outcomes.finish(throwing: error)
                    }
                })
        }
        self.runners = runners.reversed()
    }

    package var stageCount: Int { runners.count }

    package func send(_ item: PipelineItem) {
        do throws(WireError) {
            runners.first?.receive(try Frame(item))
        } catch {
            outcomes.finish(throwing: error)
        }
    }

    package func run(_ receive: @escaping @Sendable (StepOutcome) -> Void) async throws {
        try await outcomes.run(receive)
    }

    package func close() async {
        for runner in runners { await runner.stop() }
        outcomes.finish()
    }
}
