// SPDX-License-Identifier: MIT
import BitNetCore
package import ClusterPlanning
package import ClusterWire

/// What the workers of one cluster say of themselves, and of the ways between them.
package struct ClusterMeasurements: Sendable {
    /// One worker with the model at hand.
    package struct Worker: Sendable {
        package let profile: WorkerProfile
        /// Memory of one layer's weights, bytes.
        package let layerByteCount: UInt64
        package let kernel: String
        /// Measured at an earlier join.
        package let isRemembered: Bool
    }

    /// By name; those that could not be measured are left out.
    package internal(set) var workers: [String: Worker] = [:]
    package internal(set) var links: LinkMatrix

    /// - Parameter links: what is known already.
    init(links: LinkMatrix = LinkMatrix()) {
        self.links = links
    }
}

extension ClusterMeasurements.Worker {
    /// - Throws: ``ProfileError`` for figures that no worker can have.
    package init(_ measured: Measured) throws(ProfileError) {
        func curve(_ points: [CurvePoint]) throws(ProfileError) -> StepCostCurve {
            try StepCostCurve(
                points.map { StepCostCurve.Point(count: Int($0.count), seconds: $0.seconds) })
        }
        profile = try WorkerProfile(
            layerSeconds: curve(measured.layer), prefillLayerSeconds: curve(measured.prefill),
            headSeconds: curve(measured.head), stepSeconds: measured.stepSeconds,
            readBytesPerSecond: measured.readBytesPerSecond,
            attentionSecondsPerToken: measured.attentionSecondsPerToken)
        guard measured.layerByteCount <= Limits.plannedBytesMax else {
            throw ProfileError("a layer takes \(measured.layerByteCount) bytes")
        }
        layerByteCount = measured.layerByteCount
        kernel = measured.kernel
        isRemembered = measured.isRemembered
    }
}
