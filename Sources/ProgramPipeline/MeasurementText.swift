// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import ClusterLogic

/// What was measured, for people.
enum MeasurementText {
    static func line(worker: String, _ figures: ClusterMeasurements.Worker) -> String {
        let profile = figures.profile
        func milliseconds(_ count: Int) -> String {
            (profile.layerSeconds.seconds(count) * 1e3).text(places: 2)
        }
        let head = (profile.headSeconds.seconds(1) * 1e3).text(places: 1)
        let memory = (profile.readBytesPerSecond / 1e9).text(places: 1)
        return
            "measured \(worker)  a layer \(milliseconds(1)) ms for one token, \(milliseconds(8)) ms for 8; head "
            + "\(head) ms; memory \(memory) GB/s (\(figures.kernel)\(figures.isRemembered ? ", at an earlier join" : ""))"
    }

    static func line(from: String, to: String, _ link: LinkProfile) -> String {
        "link \(from) to \(to)  \((link.latencySeconds * 1e6).text(places: 0)) µs, "
            + "\((link.bytesPerSecond * 8 / 1e9).text(places: 2)) Gbit/s"
    }
}
