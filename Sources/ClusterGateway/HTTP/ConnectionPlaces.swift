// SPDX-License-Identifier: MIT
import BitNetCore
import Glibc
import Synchronization

/// The places of one listener's connections.
///
/// When they are all taken, or when the process has few descriptors left, the connection that has been idle for
/// longest makes room.
package final class ConnectionPlaces: Sendable {
    private struct Taken {
        /// `nil` while a request is being answered.
        var idleSince: ContinuousClock.Instant?
        let close: @Sendable () -> Void
    }

    private struct State {
        var taken: [UInt64: Taken] = [:]
        var nextPlace: UInt64 = 0

        mutating func removeOldestIdle() -> Taken? {
            let idle = taken.compactMap { place, taken in taken.idleSince.map { (place, $0) } }
            guard let oldest = idle.min(by: { $0.1 < $1.1 }) else { return nil }
            return taken.removeValue(forKey: oldest.0)
        }
    }

    /// One of them; it is left when the connection is closed.
    package struct Place: Sendable {
        fileprivate let places: ConnectionPlaces
        fileprivate let number: UInt64

        package func isBusy() { places.change(number) { $0.idleSince = nil } }
        package func isIdle() { places.change(number) { $0.idleSince = .now } }
        package func leave() { _ = places.state.withLock { $0.taken.removeValue(forKey: number) } }
    }

    private let countMax: Int
    private let descriptorsLeft: @Sendable (_ descriptor: Int32) -> Bool
    private let state = Mutex(State())

    /// - Parameter descriptorsLeft: whether enough are left for others where the newest one has this number.
    package init(countMax: Int, descriptorsLeft: @escaping @Sendable (_ descriptor: Int32) -> Bool) {
        self.countMax = countMax
        self.descriptorsLeft = descriptorsLeft
    }

    /// - Parameters:
    ///   - descriptor: the new connection's. The system gives the lowest that is free, so at least so many are open.
    ///   - close: called when the place is wanted for another.
    /// - Returns: `nil` if there is no room.
    package func take(descriptor: Int32, close: @escaping @Sendable () -> Void) -> Place? {
        let isScarce = !descriptorsLeft(descriptor)
        let (place, gone) = state.withLock { state -> (Place?, Taken?) in
            var gone: Taken?
            if isScarce || state.taken.count >= countMax {
                gone = state.removeOldestIdle()
                if gone == nil { return (nil, nil) }
            }
            state.nextPlace += 1
            state.taken[state.nextPlace] = Taken(idleSince: .now, close: close)
            return (Place(places: self, number: state.nextPlace), gone)
        }
        gone?.close()
        return place
    }

    /// Closes those that have been idle for longest, of eight one: many come at a time when there is no room.
    package func makeRoom() {
        let gone = state.withLock { state in
            (0..<max(1, state.taken.count / 8)).compactMap { _ in state.removeOldestIdle() }
        }
        for taken in gone { taken.close() }
    }

    private func change(_ number: UInt64, _ change: (inout Taken) -> Void) {
        state.withLock { state in
            guard var taken = state.taken[number] else { return }
            change(&taken)
            state.taken[number] = taken
        }
    }

    /// Whether a connection of this number leaves `share` of the process's descriptors to others.
    package static func leaves(_ share: Double, after descriptor: Int32) -> Bool {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return true }
        let all = Double(limit.rlim_cur)
        return Double(descriptor) < all - min(all * share, Double(Limits.descriptorsKeptMax))
    }
}
