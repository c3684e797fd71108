// SPDX-License-Identifier: MIT
package import BitNetCore
package import ClusterCoordinator
package import ClusterPlanning
package import ClusterSimulation

/// How a model scales over equal workers.
package struct Scaling: Sendable {
    /// One number of sequences over one kind of link.
    package struct Row: Sendable {
        package let concurrency: Int
        package let link: ScalingCases.Link
        /// By the number of workers, ascending; `nil` where there are fewer layers.
        package let results: [(workerCount: Int, result: ScalingStudy.Result?)]

        var known: [(workerCount: Int, result: ScalingStudy.Result)] {
            results.compactMap { count, result in result.map { (count, $0) } }
        }
        var knee: ScalingStudy.Knee? { ScalingStudy.knee(known) }
    }

    package let model: ModelDescription
    /// What every worker is taken to do, and where it is known from.
    package let profile: WorkerProfile
    package let origin: String
    /// By sequences, then by links.
    package let rows: [Row]

    /// - Parameter cluster: of which a worker stands for all.
    /// - Throws: ``ProfileError`` if what is assumed is out of bounds.
    package init(
        model: ModelDescription, tables: TableEncodings, cluster: String?, book: MeasurementBook,
        assumptions: PlanAssumptions, cases: ScalingCases
    ) throws {
        let shape = ProfiledShape(model, tables)
        let known = Self.measured(shape, cluster: cluster, book)
        if let known, assumptions.readBytesPerSecondByWorker.isEmpty {
            profile = known.profile.scaled(from: known.shape, to: shape)
            origin =
                "as worker \(known.worker) of \(known.cluster) (\(known.kernel)) was measured"
                + (known.shape == shape ? "" : " with another model, scaled by weights")
        } else {
            let speed =
                assumptions.readBytesPerSecondByWorker.values.max() ?? assumptions.readBytesPerSecond
            profile = try .assumed(readBytesPerSecond: speed, for: shape)
            origin = "ASSUMED to read \((speed / 1e9).text(places: 1)) GB/s"
        }
        let study = ScalingStudy(
            layerCount: model.layerCount, hiddenSize: model.hiddenSize, profile: profile)
        rows = cases.concurrencies.flatMap { concurrency in
            cases.links.map { link in
                Row(
                    concurrency: concurrency, link: link,
                    results: cases.workerCounts.map {
                        (
                            $0,
                            study.run(.init(workerCount: $0, link: link.profile, concurrency: concurrency))
                        )
                    })
            }
        }
        self.model = model
    }

    /// The newest measurement of the cluster, if one is named, of this shape if there is one.
    private static func measured(
        _ shape: ProfiledShape, cluster: String?, _ book: MeasurementBook
    ) -> MeasurementBook.Worker? {
        guard let cluster else { return nil }
        let known = book.workers.filter { $0.cluster == cluster }
        return known.last { $0.shape == shape } ?? known.last
    }
}
