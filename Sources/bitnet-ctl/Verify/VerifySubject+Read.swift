// SPDX-License-Identifier: MIT
import AdminAPI
import OperatorReports

extension VerifySubject {
    /// What a coordinator tells of its cluster.
    static func read(_ admin: AdminOptions) async throws -> VerifySubject {
        try await admin.use { remote in
            let status = try await remote.get(AdminAPI.statusPath, as: ClusterStatus.self)
            guard status.state == .serving || status.state == .degraded else {
                throw RemoteError(
                    "the cluster is \(status.state.rawValue), so that it answers nothing; bitnet-ctl status says why",
                    isPassing: true)
            }
            let plan = try await remote.get(AdminAPI.planPath, as: PlanDocument.self)
            guard let subject = VerifySubject(status: status, plan: plan) else {
                throw remote.address.unreadable
            }
            return subject
        }
    }
}
