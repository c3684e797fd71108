// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import ClusterGateway
import Hummingbird
import Synchronization
import Testing

@Suite struct AdminTests {
    private func routes(_ administration: ScriptedAdministration, keys: [String] = []) -> InProcess {
        InProcess(
            router: AdminServer.router(
                keys: APIKeys(keys), administration: administration,
                health: { ServiceHealth(state: .serving, isHealthy: true) }))
    }

    @Test func `status and plan are documents in snake case`() async throws {
        let routes = routes(ScriptedAdministration())
        let status = try await routes.send(.get, AdminAPI.statusPath)
        #expect(status.status == 200)
        #expect(try status.json["workers_expected"] as? Int == 3)
        #expect(try status.json["api_version"] as? Int == AdminAPI.version)
        let plan = try await routes.send(.get, AdminAPI.planPath)
        #expect(try plan.json["context_length"] as? Int == 512)
    }

    @Test func `without a plan there is a 503 that says why`() async throws {
        let administration = ScriptedAdministration()
        administration.document.withLock { $0 = nil }
        let reply = try await routes(administration).send(.get, AdminAPI.planPath)
        #expect(reply.status == 503)
        #expect(reply.body.contains("no plan yet"))
    }

    @Test func `draining begins with POST and ends with DELETE`() async throws {
        let routes = routes(ScriptedAdministration())
        let drained = try await routes.send(.post, AdminAPI.drainPath)
        #expect(try drained.json["is_draining"] as? Bool == true)
        let resumed = try await routes.send(.delete, AdminAPI.drainPath)
        #expect(try resumed.json["is_draining"] as? Bool == false)
        let other = try await routes.send(.get, AdminAPI.drainPath)
        #expect(other.status == 405)
        #expect(other.headers[.allow] == "DELETE, OPTIONS, POST")
    }

    @Test func `workers are drained by name, and what cannot be moved has its status`() async throws {
        let routes = routes(ScriptedAdministration())
        let path = AdminAPI.drainPath(of: "a b")
        #expect(path == "/v1/drain?worker=a%20b")
        let drained = try await routes.send(.post, path)
        #expect(drained.status == 200)
        #expect(try drained.json["message"] as? String == "moving")
        #expect(try await routes.send(.delete, path).json["message"] as? String == "may have layers")
        let unknown = try await routes.send(.post, AdminAPI.drainPath(of: "x"))
        #expect(unknown.status == 404 && unknown.body.contains("no worker x"))
        let replanned = try await routes.send(.post, AdminAPI.replanPath)
        #expect(replanned.status == 503 && replanned.body.contains("nothing is served"))
        #expect(try await routes.send(.get, AdminAPI.replanPath).status == 405)
    }

    @Test(arguments: [
        ("", [10.0, 20]), ("?after=10", [20]), ("?after=10.5", [20]), ("?after=-1e9", [10, 20]),
    ])
    func `the last hour is told after a time`(query: String, times: [Double]) async throws {
        let reply = try await routes(ScriptedAdministration()).send(.get, AdminAPI.historyPath + query)
        #expect(reply.status == 200)
        #expect(try reply.json["interval_seconds"] as? Double == AdminAPI.windowSeconds)
        let samples = try #require(try reply.json["samples"] as? [[String: Any]])
        #expect(samples.compactMap { $0["time"] as? Double } == times)
        #expect((samples.last?["busy_fractions"] as? [String: Double]) == ["srv-a B": 0.5])
    }

    @Test(arguments: ["x", "", "nan", "inf", "1,5"])
    func `a time must be one`(text: String) async throws {
        let reply = try await routes(ScriptedAdministration()).send(
            .get, AdminAPI.historyPath + "?after=\(text)")
        #expect(reply.status == 400)
        #expect(reply.body.contains(#""param":"after""#))
        #expect(try await routes(ScriptedAdministration()).send(.post, AdminAPI.historyPath).status == 405)
    }

    @Test func `figures are Prometheus text`() async throws {
        let reply = try await routes(ScriptedAdministration()).send(.get, AdminAPI.metricsPath)
        #expect(reply.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(reply.body == "bitnet_slots 4\n")
    }

    @Test(arguments: [("", [UInt64]()), ("?after=0", [1, 2]), ("?after=1", [2])])
    func `events are told after a number, and end with their source`(
        query: String, ids: [UInt64]
    ) async throws {
        let reply = try await routes(ScriptedAdministration()).send(.get, AdminAPI.eventsPath + query)
        #expect(reply.headers[.contentType] == "text/event-stream")
        let told = reply.body.split(separator: "\n").filter { $0.hasPrefix("id: ") }
        #expect(told == ids.map { "id: \($0)" })
    }

    @Test func `an event's number must be one`() async throws {
        let reply = try await routes(ScriptedAdministration()).send(
            .get, AdminAPI.eventsPath + "?after=x")
        #expect(reply.status == 400)
        #expect(reply.body.contains(#""param":"after""#))
    }

    @Test func `all but health wants the key, if there is one`() async throws {
        let routes = routes(ScriptedAdministration(), keys: ["secret"])
        #expect(try await routes.send(.get, AdminAPI.statusPath).status == 401)
        #expect(try await routes.send(.post, AdminAPI.drainPath).status == 401)
        #expect(try await routes.send(.get, AdminAPI.metricsPath).status == 401)
        #expect(try await routes.send(.get, AdminAPI.healthPath).status == 200)
        #expect(try await routes.send(.get, AdminAPI.readyPath).status == 200)
        let headers: HTTPFields = [.authorization: "Bearer secret"]
        #expect(try await routes.send(.get, AdminAPI.statusPath, headers: headers).status == 200)
    }
}

/// A cluster of which all is known beforehand.
final class ScriptedAdministration: ClusterAdministration {
    let document = Mutex<PlanDocument?>(
        PlanDocument(
            stages: [],
            settings: StageSettings(
                cache: CacheShape(slots: 4, context: 512), prefillChunk: 64, hiddenSize: 64, headType: .fast))
    )
    private let isDraining = Mutex(false)

    func status() -> ClusterStatus {
        ClusterStatus(
            cluster: "demo", state: .serving, build: "test", time: 0, uptimeSeconds: 1,
            model: ModelStatus(
                name: "m", parameterCount: 1, layerCount: 1, hiddenSize: 1, vocabularySize: 1,
                contextLength: 1,
                cacheType: "f16"), workersExpected: 3, workersJoined: 3)
    }

    func plan() -> PlanDocument? { document.withLock { $0 } }

    func events(after: UInt64?) -> AsyncStream<EventRecord> {
        AsyncStream { continuation in
            for id in UInt64(1)...2 where id > after ?? 2 {
                continuation.yield(EventRecord(id: id, time: 0, kind: "joined", message: "a"))
            }
            continuation.finish()
        }
    }

    func history(after time: Double?) -> HistoryDocument {
        let samples = [10, 20].map { HistoryDocument.Sample(time: $0, busyFractions: ["srv-a B": 0.5]) }
        return HistoryDocument(samples: samples.filter { $0.time > time ?? 0 })
    }

    func drain(worker: String) throws(PlacementError) -> PlacementDocument {
        guard worker == "a b" else { throw PlacementError(.unknownWorker, "no worker \(worker)") }
        return PlacementDocument(message: "moving")
    }

    func resume(worker: String) throws(PlacementError) -> PlacementDocument {
        PlacementDocument(message: "may have layers")
    }

    func replan() throws(PlacementError) -> PlacementDocument {
        throw PlacementError(.notServing, "nothing is served")
    }

    func drain() -> DrainDocument { change(true) }
    func resume() -> DrainDocument { change(false) }
    func metrics() -> String { "bitnet_slots 4\n" }

    private func change(_ isDraining: Bool) -> DrainDocument {
        self.isDraining.withLock { $0 = isDraining }
        return DrainDocument(isDraining: isDraining, remaining: 0)
    }
}
