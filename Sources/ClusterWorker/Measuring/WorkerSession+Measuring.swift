// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterTransport
import ClusterWire
import Logging

extension WorkerSession {
    /// Measures what this worker does with a model.
    ///
    /// A worker that cannot measure says nothing of itself, and is planned for by bytes.
    ///
    /// - Returns: what the coordinator is to be told.
    func measured(_ measure: Measure) async -> Frame {
        let measurement = StageMeasurement(configuration: configuration, directory: store.directory)
        let start = ContinuousClock.now
        do {
            let measured = try await DiskThreads.run { try measurement.run(measure) }
            log.info(
                "measured", metadata: ["kernel": "\(measured.kernel)", "time": "\(start.duration(to: .now))"])
            return Frame(measured)
        } catch {
            log.warning("cannot measure", metadata: ["error": "\(error.words)"])
            return Frame(Measured())
        }
    }

    /// Measures the ways to other workers, one after another.
    ///
    /// - Returns: what the coordinator is to be told.
    func probed(_ neighbours: [Neighbour]) async -> Frame {
        var links: [LinkFigures] = []
        for neighbour in neighbours {
            do {
                let figures = try await dialer.withConnection(
                    .probe, to: neighbour.address, peer: "worker \(neighbour.name)"
                ) { try await LinkProbe.measure($0) }
                links.append(
                    LinkFigures(
                        name: neighbour.name, latencySeconds: figures.latencySeconds,
                        bytesPerSecond: figures.bytesPerSecond))
            } catch {
                log.warning(
                    "cannot probe", metadata: ["neighbour": "\(neighbour.name)", "error": "\(error.words)"])
            }
        }
        return Frame(LinksProbed(links: links))
    }
}
