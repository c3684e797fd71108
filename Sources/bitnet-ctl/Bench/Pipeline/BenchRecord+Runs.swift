// SPDX-License-Identifier: MIT
import ClusterCoordinator
import ClusterLogic
import Glibc
import PipelineHost

extension BenchRecord {
    /// What the cluster did for each number of sequences, as the book of measurements keeps it.
    func runs(
        cluster: String, shape: ProfiledShape, _ pipeline: RunningPipeline
    ) -> [MeasurementBook.Run] {
        rows.compactMap { row in
            let stages = zip(pipeline.stages, stages.filter { $0.concurrency == row.concurrency }).map {
                MeasurementBook.Run.Stage(
                    worker: $0.worker, layers: $0.layers, stepSeconds: $1.computeMs / 1e3, busyShare: $1.busy)
            }
            guard row.test.hasPrefix("tg"), !stages.isEmpty else { return nil }
            return MeasurementBook.Run(
                cluster: cluster, shape: shape, concurrency: row.concurrency, stages: stages,
                tokensPerSecond: row.tokensPerSecond.sorted()[row.tokensPerSecond.count / 2],
                measuredAt: Int(time(nil)))
        }
    }
}
