// SPDX-License-Identifier: MIT
import BitNetCore
import ModelHub
import NIOHTTP1
import Synchronization
import TestSupport
import Testing

/// Models that come over a real connection from a server that behaves like a hub, and from ones that do not.
@Suite struct PullTests {
    private static let model = FakeHub.File(path: "model-TQ2_0.gguf", bytes: content(4321))

    @Test func `a model comes whole, and a second time nothing is fetched`() async throws {
        try await FakeHub.run([Self.model]) { hub in
            let first = try await hub.pull()
            #expect(try bytes(first.path) == Self.model.bytes)
            #expect(first.fetchedByteCount == 4321)
            #expect(hub.folder.names == ["hub"])
            let asked = hub.store.requests.count
            let second = try await hub.pull()
            #expect(second.path == first.path && second.fetchedByteCount == 0)
            #expect(hub.store.requests.count == asked)
            // Without asking anybody.
            #expect(try hub.puller.present(HubReference(parsing: "owner/model"))?.path == first.path)
        }
    }

    @Test func `only the hub is told the token`() async throws {
        try await FakeHub.run([Self.model]) { hub in
            try await hub.pull()
            #expect(hub.hub.requests.allSatisfy { $0.header("authorization") == "Bearer hf_secret" })
            #expect(!hub.store.requests.isEmpty)
            #expect(hub.store.requests.allSatisfy { $0.header("authorization") == nil })
        }
    }

    @Test func `blocks are asked for at most as many times as connections at a time`() async throws {
        try await FakeHub.run([Self.model]) { hub in
            try await hub.pull()
            let ranges = hub.store.requests.compactMap(\.range).sorted { $0.lowerBound < $1.lowerBound }
            #expect(ranges == [0..<1000, 1000..<2000, 2000..<3000, 3000..<4000, 4000..<4321])
        }
    }

    @Test func `what was interrupted goes on at the block where it stood`() async throws {
        let folder = try TemporaryFolder()
        let isBroken = Mutex(true)
        let breaking: FakeHub.Change = { request, reply in
            guard isBroken.withLock({ $0 }), request.range.map({ $0.lowerBound >= 2000 }) ?? false else {
                return reply
            }
            return .status(.serviceUnavailable)
        }
        try await FakeHub.run([Self.model], folder: folder, store: breaking) { hub in
            let refusal = await hub.refusal()
            #expect(refusal.contains("status 503"))
            isBroken.withLock { $0 = false }
            let asked = hub.store.requests.count
            let result = try await hub.pull()
            #expect(try bytes(result.path) == Self.model.bytes)
            let ranges = hub.store.requests[asked...].compactMap(\.range)
            #expect(ranges.allSatisfy { $0.lowerBound >= 2000 } && ranges.count == 3)
            #expect(hub.store.requests[asked...].allSatisfy { $0.header("if-range") != nil })
        }
    }

    @Test func `a connection that breaks in the middle of a block costs nothing that came`() async throws {
        let isFirst = Mutex(true)
        let cutting: FakeHub.Change = { request, reply in
            guard request.range?.lowerBound == 1000,
                isFirst.withLock({ first in
                    defer { first = false }
                    return first
                })
            else { return reply }
            var reply = reply
            reply.headers.replaceOrAdd(name: "content-length", value: "1000")
            reply.cut = 600
            return reply
        }
        try await FakeHub.run([Self.model], store: cutting) { hub in
            let result = try await hub.pull()
            #expect(try bytes(result.path) == Self.model.bytes)
            #expect(hub.store.requests.contains { $0.range == 1600..<2000 })
        }
    }

    @Test func `a file that changes while it is fetched is fetched from its start`() async throws {
        // The other server calls the same bytes by another name from some time on, and so knows nothing of the first.
        let count = Mutex(0)
        let renaming: FakeHub.Change = { request, reply in
            guard
                count.withLock({ count in
                    count += 1
                    return count > 3
                })
            else { return reply }
            var reply = reply
            let isCurrent = request.header("if-range") == "\"other\"" || request.header("if-range") == nil
            if !isCurrent { reply = HubServer.Reply(body: Self.model.bytes) }
            reply.headers.replaceOrAdd(name: "etag", value: "\"other\"")
            return reply
        }
        try await FakeHub.run([Self.model], store: renaming) { hub in
            let result = try await hub.pull()
            #expect(try bytes(result.path) == Self.model.bytes)
            #expect(hub.store.requests.count { $0.range?.lowerBound == 0 } == 2)
        }
    }

    @Test(arguments: [true, false])
    func `a server that knows no ranges gives the file in one piece`(tellsLength: Bool) async throws {
        let ignoring: FakeHub.Change = { _, _ in
            HubServer.Reply(body: Self.model.bytes, hidesLength: !tellsLength)
        }
        try await FakeHub.run([Self.model], store: ignoring) { hub in
            let result = try await hub.pull()
            #expect(try bytes(result.path) == Self.model.bytes)
            #expect(hub.store.requests.last?.range == nil)
        }
    }

    @Test(arguments: [true, false])
    func `a body without end is not read to its end`(beginsWell: Bool) async throws {
        let endless: FakeHub.Change = { _, reply in
            var reply = reply
            reply.isEndless = true
            if !beginsWell { reply.body = [] }
            return reply
        }
        try await FakeHub.run([Self.model], store: endless) { hub in
            let refusal = await hub.refusal()
            #expect(
                beginsWell
                    ? refusal == "nothing failed" : refusal.contains("sends more than was asked for"))
            #expect(hub.store.requests.count <= 2 * Limits.hubTriesMax)
        }
    }

    @Test func `other bytes than the hub has by its digest are removed`() async throws {
        let altering: FakeHub.Change = { request, reply in
            var reply = reply
            if request.range?.lowerBound == 3000 { reply.body[5] ^= 1 }
            return reply
        }
        try await FakeHub.run([Self.model], store: altering) { hub in
            let refusal = await hub.refusal()
            #expect(refusal.contains("came with other bytes than the hub has"))
            let path = hub.folder.path(of: "hub/models--owner--model/snapshots/main/model-TQ2_0.gguf")
            #expect(!FileSystem.exists(path) && !FileSystem.exists(path + ".partial"))
            let present = try hub.puller.present(HubReference(parsing: "owner/model"))?.path
            #expect(present == nil)
        }
    }

    @Test func `a small file is compared with the name that git gives it`() async throws {
        let config = FakeHub.File(path: "config.json", bytes: Array("{}".utf8), isLarge: false)
        let weights = FakeHub.File(path: "model.safetensors", bytes: content(50))
        try await FakeHub.run([config, weights]) { hub in
            let result = try await hub.pull()
            #expect(result.path.hasSuffix("/snapshots/main"))
            #expect(try bytes(result.path + "/config.json") == config.bytes)
            #expect(hub.puller.present(result.reference)?.path == result.path)
        }
        var wrong = config
        wrong.listedDigest = String(repeating: "0", count: 40)
        try await FakeHub.run([wrong, weights]) { hub in
            let refusal = await hub.refusal()
            #expect(refusal.contains("config.json of owner/model came with other bytes"))
            // Of a directory that is not whole nothing is taken.
            let present = try hub.puller.present(HubReference(parsing: "owner/model"))?.path
            #expect(present == nil)
        }
    }

    @Test func `a split model comes as a whole`() async throws {
        let files = (1...3).map {
            FakeHub.File(
                path: "q/m-TQ2_0-0000\($0)-of-00003.gguf", bytes: content(900 * $0, seed: UInt64($0)))
        }
        try await FakeHub.run(files) { hub in
            let result = try await hub.pull(":TQ2_0")
            #expect(result.path.hasSuffix("/q/m-TQ2_0-00001-of-00003.gguf"))
            for (file, kept) in zip(files, result.files) { #expect(try bytes(kept.path) == file.bytes) }
            let removed = try HubFolder(store: hub.folder.path).remove(
                HubReference(parsing: "owner/model:\(files[1].path)"))
            #expect(removed.paths.count == 3 && removed.byteCount == 900 * 6)
            #expect(HubFolder(store: hub.folder.path).contents.isEmpty)
        }
    }

    @Test(arguments: [
        (HTTPResponseStatus.unauthorized, "RepoNotFound", "HF_TOKEN"),
        (.forbidden, "GatedRepo", "accept its terms"), (.notFound, "RepoNotFound", "capital letters count"),
        (.notFound, "RevisionNotFound", "no such revision"), (.imATeapot, "", "status 418"),
    ])
    func `a refusal says what to do`(
        status: HTTPResponseStatus, code: String, words: String
    ) async throws {
        let refusing: FakeHub.Change = { _, _ in .status(status, ["x-error-code": code]) }
        try await FakeHub.run([Self.model], hub: refusing) { hub in
            let refusal = await hub.refusal()
            #expect(refusal.contains(words))
            #expect(hub.hub.requests.count == 1)
        }
    }

    @Test func `a gated file is refused after its listing was given`() async throws {
        let gating: FakeHub.Change = { request, reply in
            request.uri.hasPrefix("/api") ? reply : .status(.forbidden, ["x-error-code": "GatedRepo"])
        }
        try await FakeHub.run([Self.model], hub: gating) { hub in
            let refusal = await hub.refusal()
            #expect(refusal.contains("model-TQ2_0.gguf of owner/model is gated"))
        }
    }

    @Test func `who is asked to wait waits, and not for ever`() async throws {
        let count = Mutex(0)
        let busy: FakeHub.Change = { _, reply in
            count.withLock({ count in
                count += 1
                return count <= 2
            })
                ? .status(.tooManyRequests, ["retry-after": "0"]) : reply
        }
        try await FakeHub.run([Self.model], hub: busy) { hub in
            let result = try await hub.pull()
            #expect(try bytes(result.path) == Self.model.bytes)
        }
        let forever: FakeHub.Change = { _, _ in .status(.tooManyRequests, ["retry-after": "86400"]) }
        try await FakeHub.run([Self.model], hub: forever) { hub in
            let refusal = await hub.refusal()
            #expect(refusal.contains("status 429") && refusal.contains("86400 s"))
            #expect(hub.hub.requests.count == 1)
        }
    }

    @Test func `names that lead elsewhere are never asked for`() async throws {
        let names = [
            "../x-TQ2_0.gguf", "/etc/x-TQ2_0.gguf", "a/../../x-TQ2_0.gguf", ".x-TQ2_0.gguf",
            "a//x-TQ2_0.gguf",
        ]
        let bad = names.map { FakeHub.File(path: $0, bytes: content(10)) }
        try await FakeHub.run(bad + [Self.model]) { hub in
            let result = try await hub.pull()
            #expect(try bytes(result.path) == Self.model.bytes)
            #expect(hub.hub.requests.count == 1 + 5)
        }
        try await FakeHub.run(bad) { hub in
            let refusal = await hub.refusal(":../x-TQ2_0.gguf")
            #expect(refusal.contains("no model that can be run here"))
            #expect(hub.folder.names.isEmpty)
        }
    }

    @Test func `a listing goes on at the next page, but not at another server`() async throws {
        let paging: FakeHub.Change = { request, reply in
            guard request.uri.hasPrefix("/api") else { return reply }
            guard !request.uri.contains("cursor") else { return reply }
            let next = "/api/models/owner/model/tree/main?recursive=1&cursor=x"
            return HubServer.Reply(headers: ["link": "<\(next)>; rel=\"next\""], body: Array("[]".utf8))
        }
        let all: FakeHub.Change = { request, reply in
            guard request.uri.contains("cursor") else { return paging(request, reply) }
            return HubServer.Reply(body: Array("[\(Self.model.listed)]".utf8))
        }
        try await FakeHub.run([Self.model], hub: all) { hub in
            let result = try await hub.pull()
            #expect(try bytes(result.path) == Self.model.bytes)
        }
        let away: FakeHub.Change = { _, _ in
            HubServer.Reply(
                headers: ["link": "<http://127.0.0.1:1/api/x>; rel=\"next\""], body: Array("[]".utf8))
        }
        try await FakeHub.run([Self.model], hub: away) { hub in
            let refusal = await hub.refusal()
            #expect(refusal.contains("goes on at another server"))
        }
    }

    @Test func `addresses that lead to each other end`() async throws {
        let circling: FakeHub.Change = { request, _ in .status(.found, ["location": request.uri]) }
        try await FakeHub.run([Self.model], hub: circling) { hub in
            let refusal = await hub.refusal()
            #expect(refusal.contains("without end"))
            #expect(hub.hub.requests.count == Limits.hubRedirectsMax + 1)
        }
    }

    @Test func `a proxy is asked instead, unless the server is an exception`() async throws {
        try await FakeHub.run([Self.model]) { hub in
            let asked = Mutex<[String]>([])
            try await HubServer.run { request in
                asked.withLock { $0.append(request.uri) }
                return .status(.forbidden)
            } during: { proxy in
                var settings = try hub.settings()
                let reference = try HubReference(parsing: "owner/model")
                settings.proxies = try ProxyChoice(["http_proxy": proxy.address])
                await #expect(throws: HubError.self) {
                    try await HubClient.use(settings) { _ = try await $0.listing(reference) }
                }
                #expect(Set(asked.withLock { $0 }) == ["127.0.0.1:\(hub.hub.port)"])
                settings.proxies = try ProxyChoice(["http_proxy": proxy.address, "NO_PROXY": "127.0.0.1"])
                let listing = try await HubClient.use(settings) { try await $0.listing(reference) }
                #expect(listing.files.map(\.path.text) == [Self.model.path])
            }
        }
    }

    @Test func `two do not fetch the same model into the same folder`() async throws {
        let folder = try TemporaryFolder()
        let isStarted = AsyncStream<Void>.makeStream()
        let isSecond = Mutex(false)
        let slow: FakeHub.Change = { _, reply in
            isStarted.continuation.yield()
            return isSecond.withLock { $0 }
                ? reply : HubServer.Reply(headers: ["content-length": "4321"], cut: nil, hidesLength: true)
        }
        try await FakeHub.run([Self.model], folder: folder, store: slow) { hub in
            let first = Task { await hub.refusal() }
            for await _ in isStarted.stream { break }
            let refusal = await hub.refusal()
            #expect(refusal.contains("another program fetches owner/model"))
            isSecond.withLock { $0 = true }
            first.cancel()
            _ = await first.value
            let result = try await hub.pull()
            #expect(try bytes(result.path) == Self.model.bytes)
        }
    }
}
