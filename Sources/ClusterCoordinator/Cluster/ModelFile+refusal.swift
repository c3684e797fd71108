// SPDX-License-Identifier: MIT
import BitNetCore
package import BitNetFormats
import ClusterWire

extension ModelFile {
    /// Why a worker cannot be a stage of this model, by the protocol version that it speaks; `nil` if it can.
    package func refusal(of worker: WorkerIdentity, version: UInt32, build: String) -> ClusterError? {
        guard !isPlain, version < ProtocolVersion.groupScales else { return nil }
        return ClusterError(
            .refused,
            "\(worker) of release \(build) speaks protocol version \(version), but \(description.name) needs version "
                + "\(ProtocolVersion.groupScales) (for scales by row or group, norms of heads or a scaled rotary "
                + "embedding); install this release there",
            worker: worker.name)
    }
}
