// SPDX-License-Identifier: MIT
package import AdminAPI
import BitNetCore

extension ClusterStatus {
    /// The same with texts that stay on their line, and no more of anything than a cluster can have.
    package var printable: ClusterStatus {
        var result = self
        result.cluster = name(cluster)
        result.build = name(build)
        result.gateway = gateway.map { PrintableText.line($0, bytesMax: Limits.addressBytesMax) }
        result.model.name = PrintableText.line(model.name, bytesMax: Limits.addressBytesMax)
        result.model.cacheType = name(model.cacheType)
        result.reasons = reasons.prefix(Limits.statusFailuresMax).map { PrintableText.line($0) }
        result.hints = hints.prefix(Limits.statusFailuresMax).map { PrintableText.line($0) }
        result.stages = stages.prefix(Limits.workersMax).map { stage in
            var stage = stage
            stage.worker = name(stage.worker)
            stage.address = PrintableText.line(stage.address, bytesMax: Limits.addressBytesMax)
            stage.isa = stage.isa.map(name)
            stage.build = stage.build.map(name)
            return stage
        }
        result.spares = spares?.prefix(Limits.workersMax).map { spare in
            var spare = spare
            spare.worker = name(spare.worker)
            spare.reason = spare.reason.map { PrintableText.line($0) }
            return spare
        }
        result.failures = failures.prefix(Limits.statusFailuresMax).map { failure in
            var failure = failure
            failure.worker = failure.worker.map(name)
            failure.message = PrintableText.line(failure.message)
            return failure
        }
        return result
    }

    private func name(_ text: String) -> String {
        // Room for the ellipsis of a name that is too long.
        PrintableText.line(text, bytesMax: Limits.nameBytesMax + 3)
    }
}
