// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterTransport
import NIOCore
import Synchronization

/// Plays histories against the same workers, one after the other, and says what of a cluster's promises was not kept.
struct HistoryRun: Sendable {
    /// What counts as a hang: more than the longest silence that members bear with each other, on a busy machine.
    private static let patience: Duration = .seconds(20)
    /// How long nothing happens before a hostile member, or the operator, ends what is not over.
    private static let quietTime: Duration = .milliseconds(150)
    /// How long something may happen.
    private static let busyTimeMax: Duration = .seconds(3)

    /// With the same number of workers, which have at first what the first of them says.
    let histories: [History]
    let world: HostileWorld

    /// - Returns: the first promise that was not kept.
    func fault() async throws -> String? {
        let (fault, services) = try await played()
        if let fault { return fault }
        let deadline = ContinuousClock.now + Self.patience
        while services.contains(where: { $0.service != nil }) {
            guard .now < deadline else { return "something holds a worker's service that nobody uses" }
            try await Task.sleep(for: .milliseconds(2))
        }
        return nil
    }

    private func played() async throws -> (fault: String?, services: [WeakService]) {
        let workers = try await HostileWorkers(histories[0], in: world)
        var fault: String?
        for history in histories where fault == nil {
            let stage = try await HostileStage(history, against: workers)
            fault = try await self.fault(on: stage)
            world.tally.add(done: try await stage.member.seen(\.doneCount), drawn: history.deviations.count)
            await stage.close()
        }
        if fault == nil { fault = try await nextFault(of: workers) }
        await workers.close()
        return (fault, workers.services.map(WeakService.init))
    }

    private func fault(on stage: HostileStage) async throws -> String? {
        let coordinator = try stage.coordinator()
        let history = stage.history
        let isSupervised = history.isSupervised
        let attempt = Task {
            try await isSupervised ? coordinator.supervisedTokens() : coordinator.tokens()
        }
        let ending = Task {
            try await stage.member.settled(for: Self.quietTime, within: Self.busyTimeMax)
            await end(history, stage.member, attempt)
        }
        defer { ending.cancel() }
        guard let result = await Self.result(of: attempt, within: Self.patience) else {
            attempt.cancel()
            return "the coordinator hangs"
        }
        if isSupervised, case .success(let tokens) = result, tokens.count != HonestCoordinator.tokenCount {
            return "the coordinator brought \(tokens.count) tokens"
        }
        if let fault = try await stage.member.seen(\.faults.first) { return fault }
        stage.member.keepHeld()
        guard await Self.arrives(stage.member.closed(.fromWorker)) else {
            return "a coordinator that is gone, or a worker, holds connections to workers"
        }
        guard await Self.arrives(stage.member.closed(.toWorker)) else {
            return "a worker holds connections of a session that is over"
        }
        return nil
    }

    private func end(
        _ history: History, _ member: HostileMember, _ attempt: Task<[UInt32], any Error>
    ) async {
        switch history.ending {
        case .gone where history.isSupervised: member.behave()
        case .gone: member.leave()
        case .silent:
            member.fallSilent()
            guard history.isSupervised else { break }
            // Others come up in its place, once it must have been noticed.
            try? await Task.sleep(for: Limits.lossTimeout + .seconds(1))
            if !Task.isCancelled { member.behave() }
        case .stopped: attempt.cancel()
        case .noticed: break
        }
    }

    /// The next honest member is served.
    private func nextFault(of workers: HostileWorkers) async throws -> String? {
        // Whether workers are free soon is told by its patience, not by how busy the machine is.
        let next = try workers.coordinator(
            through: workers.ports, isPacked: true, joinTimeout: Self.patience / 2)
        let attempt = Task { try await next.tokens() }
        switch await Self.result(of: attempt, within: Self.patience) {
        case nil:
            attempt.cancel()
            return "the next coordinator hangs"
        case .failure(let error): return "the next coordinator is not served: \(error)"
        case .success(let tokens):
            return tokens == world.tokens ? nil : "the next coordinator gets \(tokens), not \(world.tokens)"
        }
    }

    /// - Returns: `nil` if it takes longer.
    private static func result<Value: Sendable>(
        of task: Task<Value, any Error>, within limit: Duration
    ) async -> Result<Value, any Error>? {
        let (results, source) = AsyncStream<Result<Value, any Error>?>.makeStream()
        Task { source.yield(await task.result) }
        let timer = Task {
            try await Task.sleep(for: limit)
            source.yield(nil)
        }
        defer { timer.cancel() }
        for await result in results { return result }
        return nil
    }

    private static func arrives(_ future: EventLoopFuture<Void>) async -> Bool {
        await result(of: Task { try await future.get() }, within: patience) != nil
    }
}
