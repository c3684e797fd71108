// SPDX-License-Identifier: MIT
package import AdminAPI
package import BitNetCore
package import Logging
import Synchronization
package import TextGeneration

/// What users and operators see of a coordinator that serves until it is told to end.
///
/// ``PipelineSupervisor`` sees to it that there is a pipeline.
package final class ServingCoordinator: Sendable {
    /// What does not change while it serves.
    package struct Subject: Sendable {
        package var cluster: String
        package var model: ModelStatus
        package var served: ServedModel
        package var codec: TextCodec
        /// Those that are to join.
        package var workers: [ServingState.Worker]
        /// Those that stand by, by name.
        package var spares: [String]

        /// All of the cluster file.
        var workerNames: [String] { workers.map(\.name) + spares }

        package init(
            cluster: String, model: ModelStatus, served: ServedModel, codec: TextCodec,
            workers: [ServingState.Worker], spares: [String] = []
        ) {
            self.cluster = cluster
            self.model = model
            self.served = served
            self.codec = codec
            self.workers = workers
            self.spares = spares
        }
    }

    let subject: Subject
    let supervisor: PipelineSupervisor
    /// Where the layers are and shall be; `nil` if all are in this process.
    let standing: ClusterStanding?
    let metricsText: @Sendable () -> String
    let gateway = Mutex<String?>(nil)
    /// Requests that are taken, but not yet with the generator.
    let enteringCount = Atomic<Int>(0)

    /// - Parameters:
    ///   - standing: what pipelines leave to each other; `nil` if all stages are in this process.
    ///   - failoverTimeout: how long requests wait for other stages when theirs are lost.
    ///   - startTimeout: how long a first pipeline that is lost while it comes up is tried again.
    ///   - metricsText: all figures of the process as Prometheus reads them.
    package init(
        subject: Subject, log: Logger, standing: ClusterStanding? = nil,
        failoverTimeout: Duration = Limits.failoverTimeout, startTimeout: Duration = Limits.joinTimeout,
        metricsText: @escaping @Sendable () -> String
    ) {
        self.subject = subject
        self.standing = standing
        self.metricsText = metricsText
        supervisor = PipelineSupervisor(
            cluster: subject.cluster, model: subject.model, workers: subject.workers,
            generator: Generator(codec: subject.codec, keepsSequences: true), log: log,
            failoverTimeout: failoverTimeout, startTimeout: startTimeout)
    }

    /// Where users find the service, such as `http://127.0.0.1:8080/v1`.
    package func announce(gateway: String) {
        self.gateway.withLock { $0 = gateway }
    }

    /// Serves until the task is cancelled.
    ///
    /// - Throws: what keeps the first pipeline from coming up; later ones are tried again and again.
    package func run(_ bringUp: @escaping PipelineSupervisor.BringUp) async throws {
        try await supervisor.run(bringUp)
    }
}
