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
    func measured(_ measure: Measure) async throws -> Frame {
        let measurement = StageMeasurement(configuration: configuration, directory: store.directory)
        let start = ContinuousClock.now
        let (ending, residentParts, limit) = (ending, residentParts, configuration.memoryByteCount)
        do {
            let measured = try await DiskThreads.run {
                try measurement.run(
                    measure, makeRoom: { residentParts.makeRoom(for: $0, within: limit) },
                    while: { !ending.hasBegun })
            }
            log.info(
                "measured", metadata: ["kernel": "\(measured.kernel)", "time": "\(start.duration(to: .now))"])
            return try Frame(measured)
        } catch let error as CancellationError {
            throw error
        } catch {
            log.warning("cannot measure", metadata: ["error": "\(error.words)"])
            return try Frame(Measured())
        }
    }

    /// Measures the ways to other workers, one after another.
    ///
    /// - Returns: what the coordinator is to be told.
    func probed(_ neighbours: [Neighbour]) async throws -> Frame {
        var links: [LinkFigures] = []
        for neighbour in neighbours {
            do {
                let connection = try await dialer.connect(
                    .probe, to: neighbour, as: "worker \(neighbour.name)")
                defer { connection.close() }
                let figures = try await LinkProbe.measure(connection)
                links.append(
                    LinkFigures(
                        name: neighbour.name, latencySeconds: figures.latencySeconds,
                        bytesPerSecond: figures.bytesPerSecond))
            } catch {
                log.warning(
                    "cannot probe", metadata: ["neighbour": "\(neighbour.name)", "error": "\(error.words)"])
            }
        }
        return try Frame(LinksProbed(links: links))
    }
}
