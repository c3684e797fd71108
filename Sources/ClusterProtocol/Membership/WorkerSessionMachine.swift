// SPDX-License-Identifier: MIT

/// One coordinator's use of a worker, from its join to its end.
///
/// Each request that is not due is the coordinator's fault and is reported to it; what comes when the session is over
/// is dropped.
package struct WorkerSessionMachine: Equatable, Sendable {
    package enum Phase: Equatable, Sendable {
        /// Without a stage. Parts may come already: so many are looked for, arriving or being checked. Something may
        /// be measured for the coordinator.
        case held(openPartCount: Int, isMeasuring: Bool)
        /// The stage is known; the disk is looked through.
        case checking
        /// Parts of the shard are missing.
        case receiving
        case loading
        case serving
        /// The session is over.
        case ended
    }

    private let worker: String
    package private(set) var phase = Phase.held(openPartCount: 0, isMeasuring: false)

    /// - Parameter worker: the worker's name, for messages.
    package init(worker: String) {
        self.worker = worker
    }

    package var isEnded: Bool { phase == .ended }

    /// The coordinator offers a part, which may come until ``partClosed()``.
    package mutating func partOffered() -> Verdict {
        switch phase {
        case .held(let count, let isMeasuring):
            phase = .held(openPartCount: count + 1, isMeasuring: isMeasuring)
            return .proceed
        case .receiving: return .proceed
        case .checking, .loading, .serving:
            return .report("worker \(worker) was offered a part, but all of its stage's are there")
        case .ended: return .drop
        }
    }

    /// A part that was offered is in the store, or its transfer has ended otherwise.
    package mutating func partClosed() {
        // Only a stage that is given must wait for parts.
        guard case .held(let count, let isMeasuring) = phase else { return }
        precondition(count > 0, "a part was closed in \(phase)")
        phase = .held(openPartCount: count - 1, isMeasuring: isMeasuring)
    }

    /// The coordinator wants this worker, or the ways from it, measured: what ends with ``measured()``.
    ///
    /// One at a time, as each takes memory and all threads, and only while no stage computes.
    package mutating func measurementWanted() -> Verdict {
        switch phase {
        case .held(_, isMeasuring: true): return .report("worker \(worker) is being measured already")
        case .held(let count, isMeasuring: false):
            phase = .held(openPartCount: count, isMeasuring: true)
            return .proceed
        case .checking, .receiving, .loading, .serving:
            return .report("worker \(worker) measures nothing once it has a stage")
        case .ended: return .drop
        }
    }

    /// The measurement has ended and is told next: the coordinator may ask for another one at once.
    ///
    /// - Returns: whether there is somebody to tell.
    package mutating func measured() -> Bool {
        if case .held(let count, _) = phase { phase = .held(openPartCount: count, isMeasuring: false) }
        return !isEnded
    }

    /// The coordinator has given this worker its stage: what the disk holds of it ends with
    /// ``checked(missingPartCount:)``.
    package mutating func assigned() -> Verdict {
        switch phase {
        case .held(openPartCount: 0, _):
            phase = .checking
            return .proceed
        case .held:
            return .report("worker \(worker) was given its stage while parts were still on their way")
        case .checking, .receiving, .loading, .serving:
            return .report("worker \(worker) has a stage already")
        case .ended: return .drop
        }
    }

    /// The disk was looked through for the stage's parts.
    package mutating func checked(missingPartCount: Int) -> Check {
        guard !isEnded else { return .drop }
        precondition(phase == .checking, "checked in \(phase)")
        phase = missingPartCount == 0 ? .loading : .receiving
        return missingPartCount == 0 ? .load : .await
    }

    /// The last missing part is verified and on disk: it is loaded until ``loaded()``.
    package mutating func storeCompleted() -> Verdict {
        switch phase {
        case .receiving:
            phase = .loading
            return .proceed
        case .held, .checking, .loading, .serving:
            return .report("worker \(worker) was sent a part that it did not lack")
        case .ended: return .drop
        }
    }

    /// The stage is in memory.
    ///
    /// - Returns: whether there is somebody to tell.
    package mutating func loaded() -> Bool {
        guard !isEnded else { return false }
        precondition(phase == .loading, "loaded in \(phase)")
        phase = .serving
        return true
    }

    /// The coordinator wants this stage connected to the next one's worker.
    package func linkNeeded() -> Verdict {
        switch phase {
        case .serving: .proceed
        case .held, .checking, .receiving, .loading:
            .report("worker \(worker) has no stage to connect yet")
        case .ended: .drop
        }
    }

    /// The control connection is closed, silent for too long, or the coordinator let the worker go.
    ///
    /// - Returns: whether something is to be torn down.
    package mutating func end() -> Bool {
        defer { phase = .ended }
        return !isEnded
    }
}
