// SPDX-License-Identifier: MIT
import BitNetCore

/// What a coordinator tells its operator over HTTP: one set of documents for the server and for its readers.
///
/// Paths begin with the version. A version only ever gains fields; what would break a reader makes a new one.
package enum AdminAPI {
    package static let version = 1
    /// The time over which rates and shares are taken.
    package static let windowSeconds = 10.0

    /// GET: ``ClusterStatus``.
    package static let statusPath = "/v1/status"
    /// GET: ``PlanDocument``.
    package static let planPath = "/v1/plan"
    /// GET: ``EventRecord`` as server-sent events, `?after=ID` for those after one; each event's id is its number.
    package static let eventsPath = "/v1/events"
    /// GET: ``HistoryDocument``, `?after=SECONDS` for samples after a time since 1970.
    package static let historyPath = "/v1/history"
    /// POST: stop taking requests and finish those that run; DELETE: take them again; ``DrainDocument``.
    package static let drainPath = "/v1/drain"
    /// POST: divide the layers anew among all workers of the cluster file; ``PlacementDocument``.
    package static let replanPath = "/v1/replan"
    /// POST: move the layers of one worker to others, and give it none.
    ///
    /// DELETE: let it have some again, from the next division on. ``PlacementDocument``.
    package static func drainPath(of worker: String) -> String {
        "\(drainPath)?worker=\(percentEncoded(worker))"
    }

    /// All bytes but those that RFC 3986, 2.3, calls unreserved.
    private static func percentEncoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }
    /// GET: 200 while a token has lately crossed every stage, else 503, a ``HealthDocument``; without a key.
    package static let healthPath = "/health"
    /// GET: 200 while requests are taken, else 503, a ``HealthDocument``; without a key.
    package static let readyPath = "/ready"
    /// GET: Prometheus text.
    package static let metricsPath = "/metrics"
}

/// What the server of the admin API asks of a coordinator.
package protocol ClusterAdministration: Sendable {
    func status() -> ClusterStatus
    /// `nil` until there is a plan.
    func plan() -> PlanDocument?
    /// Events after number `after`, or the next ones; ends with the coordinator.
    func events(after: UInt64?) -> AsyncStream<EventRecord>
    /// How the last hour went, from what is later than a time in seconds since 1970.
    func history(after time: Double?) -> HistoryDocument
    func drain() -> DrainDocument
    func resume() -> DrainDocument
    /// Gives the layers of one worker to others, while requests wait.
    ///
    /// - Throws: ``PlacementError``.
    func drain(worker: String) throws(PlacementError) -> PlacementDocument
    /// Lets a worker have layers again that was drained.
    ///
    /// - Throws: ``PlacementError``.
    func resume(worker: String) throws(PlacementError) -> PlacementDocument
    /// Divides all layers anew, while requests wait.
    ///
    /// - Throws: ``PlacementError``.
    func replan() throws(PlacementError) -> PlacementDocument
    /// Prometheus text, exposition format 0.0.4.
    func metrics() -> String
}

/// `/health` and `/ready`.
package struct HealthDocument: Codable, Equatable, Sendable {
    /// `ok`, or the service's state: `starting`, `draining`, `recovering`, `down`, `stalled`.
    package var status: String
    package var reason: String?
    /// Since a token last crossed every stage.
    package var secondsSinceLastToken: Double?

    package init(status: String, reason: String? = nil, secondsSinceLastToken: Double? = nil) {
        self.status = status
        self.reason = reason
        self.secondsSinceLastToken = secondsSinceLastToken
    }
}

package struct DrainDocument: Codable, Equatable, Sendable {
    package var isDraining: Bool
    /// Sequences that still wait or run.
    package var remaining: Int

    package init(isDraining: Bool, remaining: Int) {
        self.isDraining = isDraining
        self.remaining = remaining
    }
}

/// What was begun; events tell what comes of it.
package struct PlacementDocument: Codable, Equatable, Sendable {
    /// For people.
    package var message: String

    package init(message: String) {
        self.message = message
    }
}

/// Why layers are not moved.
package struct PlacementError: RemediableError, Equatable {
    package enum Code: Equatable, Sendable {
        /// There is no such worker, or it has no part in this.
        case unknownWorker
        /// Nothing is served now that could be moved.
        case notServing
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// Something that happened.
package struct EventRecord: Codable, Equatable, Sendable {
    /// Rises by one with every event of a coordinator.
    package var id: UInt64
    /// Seconds since 1970.
    package var time: Double
    /// A word of a fixed set: `waiting`, `joined`, `measured`, `planned`, `shipping`, `ready`, `serving`, `draining`,
    /// `moving`, `lost`, `down`, `request_failed`.
    package var kind: String
    package var worker: String?
    /// For people.
    package var message: String

    package init(id: UInt64, time: Double, kind: String, worker: String? = nil, message: String) {
        self.id = id
        self.time = time
        self.kind = kind
        self.worker = worker
        self.message = message
    }
}
