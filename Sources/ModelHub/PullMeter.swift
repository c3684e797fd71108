// SPDX-License-Identifier: MIT
import BitNetCore
import Synchronization

/// How far a model is on its way, for people.
final class PullMeter: Sendable {
    private struct State {
        var done: UInt64 = 0
        var fetched: UInt64 = 0
    }

    private let subject: String
    private let total: UInt64
    private let start = ContinuousClock.now
    private let state = Mutex(State())
    private let show: @Sendable (Notice) -> Void

    init(_ reference: HubReference, total: UInt64, show: @escaping @Sendable (Notice) -> Void) {
        subject = "pull \(reference)"
        self.total = total
        self.show = show
    }

    var fetchedByteCount: UInt64 { state.withLock { $0.fetched } }

    /// Bytes that were here before.
    func skip(_ byteCount: UInt64) { state.withLock { $0.done += byteCount } }

    func add(_ byteCount: Int) {
        let now = state.withLock { state in
            state.done += UInt64(clamping: byteCount)
            state.fetched += UInt64(clamping: byteCount)
            return state
        }
        show(Notice([line(now)], progress: .init(subject, isLast: false)))
    }

    func finish() {
        guard total > 0 else { return }
        show(Notice([line(state.withLock { $0 })], progress: .init(subject, isLast: true)))
    }

    private func line(_ state: State) -> String {
        let seconds = max(start.duration(to: .now).seconds, 1e-3)
        let rate = Double(state.fetched) / seconds
        let left = state.done < total ? Double(total - state.done) / max(rate, 1) : 0
        return "\(subject): \(ByteCount.text(min(state.done, total))) of \(ByteCount.text(total)), "
            + "\(ByteCount.text(UInt64(clamping: rate)))/s"
            + (left >= 1 ? ", \(left.text(places: 0)) s left" : "")
    }
}
