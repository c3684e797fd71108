// SPDX-License-Identifier: MIT
package import ClusterCoordinator
package import ClusterPlanning

extension BenchRecord {
    /// What the cluster did for each number of sequences, as the book of measurements keeps it.
    ///
    /// - Parameters:
    ///   - pipeline: the stages that were measured.
    ///   - measuredAt: seconds since 1970.
    package func runs(
        cluster: String, shape: ProfiledShape, _ pipeline: [RunningPipeline.Stage], measuredAt: Int
    ) -> [MeasurementBook.Run] {
        rows.compactMap { row in
            let stages = zip(pipeline, stages.filter { $0.concurrency == row.concurrency }).map {
                MeasurementBook.Run.Stage(
                    worker: $0.worker, layers: $0.layers, stepSeconds: $1.computeMs / 1e3, busyShare: $1.busy)
            }
            let rates = row.tokensPerSecond.sorted()
            guard row.test.hasPrefix("tg"), !stages.isEmpty, !rates.isEmpty else { return nil }
            return MeasurementBook.Run(
                cluster: cluster, shape: shape, concurrency: row.concurrency, stages: stages,
                tokensPerSecond: rates[rates.count / 2], measuredAt: measuredAt)
        }
    }
}
