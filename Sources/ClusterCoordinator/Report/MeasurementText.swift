// SPDX-License-Identifier: MIT
import BitNetCore
package import ClusterPlanning

/// What was measured, for people.
package enum MeasurementText {
    package static func line(_ figures: ClusterMeasurements.Worker) -> String {
        let profile = figures.profile
        func milliseconds(_ count: Int) -> String {
            (profile.layerSeconds.seconds(count) * 1e3).text(places: 2)
        }
        let head = (profile.headSeconds.seconds(1) * 1e3).text(places: 1)
        let memory = (profile.readBytesPerSecond / 1e9).text(places: 1)
        return
            "a layer \(milliseconds(1)) ms for one token, \(milliseconds(8)) ms for 8; head "
            + "\(head) ms; memory \(memory) GB/s (\(figures.kernel)\(figures.isRemembered ? ", at an earlier join" : ""))"
    }

    package static func line(_ link: LinkProfile) -> String {
        "\((link.latencySeconds * 1e6).text(places: 0)) µs, "
            + "\((link.bytesPerSecond * 8 / 1e9).text(places: 2)) Gbit/s"
    }
}
