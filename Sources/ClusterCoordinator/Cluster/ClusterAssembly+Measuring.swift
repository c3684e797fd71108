// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterPlanning
import ClusterTransport
import ClusterWire

extension ClusterAssembly {
    /// Has all workers measure themselves at the same time, then the ways between them one after another.
    ///
    /// - Parameter known: links that need not be measured again.
    func measure(_ joined: [WorkerControl], known: LinkMatrix) async throws -> ClusterMeasurements {
        var measurements = ClusterMeasurements(links: request.remeasures ? LinkMatrix() : known)
        let measure = Measure(
            shape: model.description.shape, activation: model.description.activation,
            matrixEncoding: model.description.matrixEncoding,
            activationGroup: model.description.activationGroup,
            ternaryHead: model.tableEncodings.ternaryHead, cacheType: request.cacheType,
            headType: request.headType, ignoresMemory: request.remeasures)
        for control in joined { control.send(Frame(measure)) }
        for control in joined {
            let name = control.worker.name
            let reply = try await control.expect(.measured, within: Limits.measureTimeout)
            let measured = try Measured.decode(reply.payload)
            do throws(ProfileError) {
                let worker = try ClusterMeasurements.Worker(measured)
                measurements.workers[name] = worker
                onEvent(.measured(worker: name, worker))
            } catch {
                onEvent(.unmeasured(worker: name, reason: error.message))
            }
        }
        try await probe(joined, &measurements.links)
        return measurements
    }

    /// Measures the links that are not known, so that none disturbs another.
    private func probe(_ joined: [WorkerControl], _ links: inout LinkMatrix) async throws {
        for control in joined {
            let name = control.worker.name
            if !links.isMeasured(from: .coordinator, to: .worker(name)),
                let link = await probe(control.worker)
            {
                links[.coordinator, .worker(name)] = link
                onEvent(.probed(from: "coordinator", to: name, link))
            }
            let neighbours = joined.filter {
                $0 !== control && isNear($0, control, in: joined)
                    && !links.isMeasured(from: .worker(name), to: .worker($0.worker.name))
            }
            guard !neighbours.isEmpty else { continue }
            control.send(
                try Frame(
                    ProbeLinks(
                        neighbours: neighbours.map {
                            Neighbour(
                                name: $0.worker.name, address: $0.worker.address,
                                id: $0.worker.processID ?? 0)
                        })))
            let reply = try await control.expect(
                .linksProbed, within: Limits.measureTimeout * joined.count)
            for figures in try LinksProbed.decode(reply.payload).links {
                guard neighbours.contains(where: { $0.worker.name == figures.name }),
                    let link = try? LinkProfile(
                        latencySeconds: figures.latencySeconds, bytesPerSecond: figures.bytesPerSecond)
                else { continue }
                links[.worker(name), .worker(figures.name)] = link
                onEvent(.probed(from: name, to: figures.name, link))
            }
        }
    }

    /// Whether the way between two workers is worth measuring: all ways among a few workers, those along the
    /// file's order among many, as the number of ways grows with the square.
    private func isNear(_ one: WorkerControl, _ other: WorkerControl, in joined: [WorkerControl]) -> Bool {
        guard joined.count > Self.fullyProbedWorkersMax else { return true }
        let places = [one, other].compactMap { control in joined.firstIndex { $0 === control } }
        return abs(places[0] - places[1]) <= 1
    }

    private static let fullyProbedWorkersMax = 8

    private func probe(_ worker: WorkerIdentity) async -> LinkProfile? {
        let figures = try? await dialer.withConnection(
            .probe, to: worker.address, peer: "\(worker)", target: worker.name, peerID: worker.processID
        ) { try await LinkProbe.measure($0) }
        return figures.flatMap {
            try? LinkProfile(latencySeconds: $0.latencySeconds, bytesPerSecond: $0.bytesPerSecond)
        }
    }
}
