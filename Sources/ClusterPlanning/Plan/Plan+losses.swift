// SPDX-License-Identifier: MIT

extension Plan {
    /// What becomes of it when one of its workers dies, each alone.
    ///
    /// - Parameters:
    ///   - cost: what the model's parts cost.
    ///   - workers: all that there are.
    package func afterLosses(
        cost: ModelCost, workers: [WorkerOffer]
    ) -> [(worker: String, next: Result<Plan, PlanError>)] {
        self.workers.map { worker in
            let others = workers.filter { $0.name != worker }
            let next = Result { () throws(PlanError) in
                try FailoverPlan(after: self, cost: cost, workers: others).plan()
            }
            return (worker, next)
        }
    }

    /// - Throws: ``PlanError`` unless it can go on after the loss of any one worker.
    func checkReserve(cost: ModelCost, workers: [WorkerOffer]) throws(PlanError) {
        for (worker, next) in afterLosses(cost: cost, workers: workers) {
            guard case .failure(let error) = next else { continue }
            throw PlanError(
                .memory,
                "no room is left for the layers of worker \(worker), as --reserve asks: \(error.message)",
                shortByteCount: error.shortByteCount)
        }
    }
}
