// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
package import ClusterCoordinator
package import ClusterPlanning

/// A plan, what is expected of it, and what was measured.
package struct PlanOutcome {
    /// One number of sequences.
    package struct Expectation {
        package let prediction: PlanPrediction
        /// What these stages really did.
        package let run: MeasurementBook.Run?
    }

    private static let concurrencies = [1, 2, 4, 8, 16, 32]

    package let subject: PlanSubject
    package let concurrency: Int
    package let plan: Plan
    /// With the number of sequences that the plan is for.
    package let prediction: PlanPrediction
    package let expectations: [Expectation]
    /// What becomes of it when one worker dies, by stage.
    package let losses: [PlanLoss]

    /// - Parameter reserves: as of ``StagePlanner``.
    /// - Throws: why there is no such plan.
    package init(_ subject: PlanSubject, concurrency: Int, reserves: Bool = false) throws(PlanError) {
        let plan = try StagePlanner.plan(
            cost: subject.cost, workers: subject.offers, goal: subject.goal(concurrency), reserves: reserves)
        func predict(_ concurrency: Int) -> PlanPrediction {
            guard
                let prediction = PlanPrediction(
                    plan: plan, workers: subject.offers, goal: subject.goal(concurrency))
            else { preconditionFailure("a stage of \(plan) has neither measured nor assumed figures") }
            return prediction
        }
        let runs = subject.book.runs(cluster: subject.cluster, shape: subject.shape, plan: plan)
        self.subject = subject
        self.concurrency = concurrency
        self.plan = plan
        losses = PlanLoss.each(of: plan, subject)
        prediction = predict(concurrency)
        expectations = Set(Self.concurrencies + [concurrency] + runs.map(\.concurrency)).sorted().map {
            concurrency in
            Expectation(
                prediction: predict(concurrency), run: runs.first { $0.concurrency == concurrency })
        }
    }

    /// Workers in the order of their stages, then the others, with what their figures are.
    var origins: [(worker: String, text: String)] {
        let order = plan.workers + plan.unused
        let spares = subject.offers.filter(\.isSpare).map(\.name)
        return (order + spares).map { name in
            let text =
                switch subject.origins[name] {
                case .measured(let kernel): "measured (\(kernel))"
                case .scaled(let kernel): "measured with another model (\(kernel)), scaled by weights"
                case .assumed(let speed): "ASSUMED to read \((speed / 1e9).text(places: 1)) GB/s"
                case nil: "unknown"
                }
            return (name, spares.contains(name) ? text + ", spare" : text)
        }
    }

    /// Links of the plan of which nothing was measured.
    var assumedLinkCount: Int {
        prediction.links.count { !subject.links.isMeasured(from: $0.from, to: $0.to) }
    }

    /// What could be done, a sentence each.
    var advice: [String] {
        var advice = plan.notes
        if subject.cost.segmentLayers > 1 {
            advice.append("segments of \(subject.cost.segmentLayers) layers stay together")
        }
        let stageCount = plan.stages.count
        if concurrency < stageCount {
            advice.append(
                "\(concurrency) at a time leave stages idle: \(stageCount) sequences are what it takes to fill "
                    + "\(stageCount) stages")
        }
        if let groupCount = plan.groupCount, groupCount != stageCount {
            advice.append(
                "sequences go in \(groupCount) groups instead of one for each stage, which keeps the slowest stage "
                    + "busier"
            )
        }
        return advice
    }
}
