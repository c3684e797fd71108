// SPDX-License-Identifier: MIT
package import AdminAPI
package import BitNetCore

/// What a cluster must be the same as: one process with its model, cuts, context and cache.
package struct VerifySubject: Equatable, Sendable {
    package let status: ClusterStatus
    package let plan: PlanDocument

    /// - Returns: `nil` for a plan that no cluster can have.
    package init?(status: ClusterStatus, plan: PlanDocument) {
        guard plan.stages.allSatisfy({ !$0.layers.isEmpty }), !plan.stages.isEmpty,
            (2...Limits.contextMax).contains(plan.contextLength)
        else { return nil }
        self.status = status
        self.plan = plan
    }

    /// Layers before which the cluster's stages begin.
    package var cuts: [Int] { plan.stages.dropFirst().compactMap(\.layers.first) }

    /// How the cluster keeps keys and values.
    ///
    /// - Throws: ``VerifyError`` for a type that only a later release has.
    package var cacheType: CacheType {
        get throws(VerifyError) {
            guard let type = CacheType(rawValue: plan.cacheType) else {
                throw VerifyError(
                    message: "the cluster's KV cache is of a kind that this release does not have")
            }
            return type
        }
    }

    /// - Throws: ``VerifyError`` unless `model` can be the one that the cluster serves.
    package func check(_ model: ModelDescription, path: String) throws(VerifyError) {
        let served = status.model
        let differences = [
            ("layers", served.layerCount, model.layerCount),
            ("hidden size", served.hiddenSize, model.hiddenSize),
            ("vocabulary", served.vocabularySize, model.vocabularySize),
        ].filter { $1 != $2 }.map { "\($0) \($1) and \($2)" }
        guard differences.isEmpty else {
            throw VerifyError(
                message: "the cluster serves \(served.name), which is not the model in \(path): "
                    + differences.joined(separator: ", ") + ". Give the file that the coordinator was given")
        }
    }
}
