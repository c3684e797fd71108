// SPDX-License-Identifier: MIT
import BitNetCore
import TextGeneration

/// Who asks a coordinator for text and is told what comes of it, as `Generator` does.
///
/// ``GenerationSchedule`` decides.
final class TextSource {
    private let world: World
    private(set) var schedule: GenerationSchedule?
    private var pipeline: Pipeline?
    private var clients: [UInt64: Client] = [:]
    private var probes: [UInt64: () -> Void] = [:]
    private var nextID: UInt64 = 0
    /// When an outcome came last.
    private(set) var lastReturn: Int64 = 0

    init(world: World) { self.world = world }

    var clientCount: Int { clients.count }

    func begin(_ cluster: Assembly.Cluster, _ schedule: GenerationSchedule) {
        var next = schedule
        let directives = self.schedule.map { next.takeOver($0) } ?? []
        self.schedule = next
        pipeline = cluster.pipeline
        lastReturn = world.timeline.micros
        perform(directives)
    }

    func take(_ outcome: StepOutcome) {
        lastReturn = world.timeline.micros
        perform(schedule?.received(outcome) ?? [])
    }

    /// The pipeline is lost.
    func pause() {
        pipeline = nil
        for client in clients.values { client.pauseCount += 1 }
        perform(schedule?.interrupt() ?? [])
        for (id, then) in probes {
            _ = schedule?.cancel(id)
            then()
        }
        probes = [:]
    }

    func giveUp(_ error: Client.Ending) {
        guard pipeline == nil else {
            return world.journal.fail("requests are given up while there are stages")
        }
        for (id, client) in clients {
            _ = schedule?.cancel(id)
            client.end(error)
        }
        clients = [:]
    }

    /// The coordinator is gone.
    func end() {
        for client in clients.values { client.end(.coordinatorGone) }
        clients = [:]
        probes = [:]
        pipeline = nil
        schedule = nil
    }

    /// All of them belong to one request.
    func submit(_ group: [Client]) {
        guard schedule != nil else { return }
        let firstID = nextID
        var requests: [SequenceRequest] = []
        for client in group {
            var request = client.request
            request.id = nextID
            requests.append(request)
            clients[nextID] = client
            nextID += 1
        }
        perform(schedule?.submit(requests) ?? [])
        for (index, client) in group.enumerated() where client.cancelTime != nil {
            let id = firstID + UInt64(clamping: index)
            world.timeline.after(client.cancelTime ?? .zero) { [weak self] in self?.cancel(id, client) }
        }
    }

    private func cancel(_ id: UInt64, _ client: Client) {
        guard clients.removeValue(forKey: id) != nil else { return }
        client.end(.cancelled)
        perform(schedule?.cancel(id) ?? [])
    }

    /// Sends one token through all stages.
    func probe(_ then: @escaping () -> Void) {
        var request = SequenceRequest(id: nextID, prompt: [0], tokenCountMax: 1)
        request.isProbe = true
        request.sampling.wantsLogProbabilities = false
        probes[nextID] = then
        nextID += 1
        perform(schedule?.submit(request) ?? [])
    }

    private func perform(_ directives: [GenerationSchedule.Directive]) {
        for directive in directives {
            switch directive {
            case .send(let item): pipeline?.send(item)
            case .drafted: continue
            case .shared(let id, let tokenCount): clients[id]?.share(tokenCount)
            case .scored(let id, let scores): clients[id]?.take(scores)
            case .token(let id, let token, let logProbability, let alternatives):
                let told = Transcript.Token(
                    id: token, logProbability: logProbability, alternatives: alternatives)
                guard let client = clients[id], client.take(told) else { continue }
                // A stop text ends it here.
                clients[id] = nil
                client.end(.finished(.stop))
                perform(schedule?.cancel(id) ?? [])
            case .finished(let id, let reason):
                clients.removeValue(forKey: id)?.end(.finished(reason))
                probes.removeValue(forKey: id)?()
            case .refused(let id, let refusal):
                clients.removeValue(forKey: id)?.end(.refused(refusal))
                probes.removeValue(forKey: id)?()
            case .violation(let message):
                world.journal.fail("honest stages break the protocol: \(message)")
            }
        }
    }
}
