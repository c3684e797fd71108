// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import BitNetFormats

/// What a cluster must be the same as: one process with its model, cuts, context and cache.
struct VerifySubject {
    let status: ClusterStatus
    let plan: PlanDocument

    /// Layers before which the cluster's stages begin.
    var cuts: [Int] { plan.stages.dropFirst().compactMap(\.layers.first) }

    var cacheType: CacheType {
        get throws {
            guard let type = CacheType(rawValue: plan.cacheType) else {
                throw RemoteError("the cluster's KV cache is of a kind that this release does not have")
            }
            return type
        }
    }

    static func read(_ admin: AdminOptions) async throws -> VerifySubject {
        try await admin.use { remote in
            let status = try await remote.get(AdminAPI.statusPath, as: ClusterStatus.self)
            guard status.state == .serving || status.state == .degraded else {
                throw RemoteError(
                    "the cluster is \(status.state.rawValue), so that it answers nothing; bitnet-ctl status says why",
                    isPassing: true)
            }
            let plan = try await remote.get(AdminAPI.planPath, as: PlanDocument.self)
            let subject = VerifySubject(status: status, plan: plan)
            guard plan.stages.allSatisfy({ !$0.layers.isEmpty }), !plan.stages.isEmpty,
                (2...Limits.contextMax).contains(plan.contextLength)
            else { throw remote.address.unreadable }
            return subject
        }
    }

    /// - Throws: unless `model` can be the one that the cluster serves.
    func check(_ model: ModelDescription, path: String) throws {
        let served = status.model
        let differences = [
            ("layers", served.layerCount, model.layerCount),
            ("hidden size", served.hiddenSize, model.hiddenSize),
            ("vocabulary", served.vocabularySize, model.vocabularySize),
        ].filter { $1 != $2 }.map { "\($0) \($1) and \($2)" }
        guard differences.isEmpty else {
            throw RemoteError(
                "the cluster serves \(served.name), which is not the model in \(path): "
                    + differences.joined(separator: ", ") + ". Give the file that the coordinator was given")
        }
    }
}
