// SPDX-License-Identifier: MIT
import BitNetCore
import Crypto
import ModelHub
import NIOHTTP1
import Synchronization
import TestSupport

/// A hub with one repository `owner/model`, which leads to another server for large files, and that server.
final class FakeHub: Sendable {
    struct File: Sendable {
        var path: String
        var bytes: [UInt8]
        /// Is kept by the other server, under its SHA-256.
        var isLarge = true
        /// What the listing says instead of the truth.
        var listedDigest: String?

        var sha256: String { hex(SHA256.hash(data: bytes)) }

        var listed: String {
            let place = #""type":"file","size":\#(bytes.count),"path":"\#(path)""#
            guard isLarge else {
                var hasher = Insecure.SHA1()
                hasher.update(data: Array("blob \(bytes.count)\0".utf8) + bytes)
                return #"{\#(place),"oid":"\#(listedDigest ?? hex(hasher.finalize()))"}"#
            }
            let digest = listedDigest ?? sha256
            return
                #"{\#(place),"oid":"aa","lfs":{"oid":"\#(digest)","size":\#(bytes.count),"pointerSize":99}}"#
        }
    }

    typealias Change = @Sendable (HubServer.Request, HubServer.Reply) -> HubServer.Reply

    let hub: HubServer
    let store: HubServer
    let folder: TemporaryFolder

    private init(hub: HubServer, store: HubServer, folder: TemporaryFolder) {
        self.hub = hub
        self.store = store
        self.folder = folder
    }

    /// - Parameters:
    ///   - hubChange: what the hub answers instead.
    ///   - storeChange: what the other server answers instead.
    static func run(
        _ files: [File], folder: TemporaryFolder? = nil, hub hubChange: @escaping Change = { $1 },
        store storeChange: @escaping Change = { $1 }, _ body: @Sendable (FakeHub) async throws -> Void
    ) async throws {
        let folder = try folder ?? TemporaryFolder()
        try await HubServer.run { request in
            let name = request.uri.drop { $0 == "/" }
            let file = files.first { name.hasSuffix($0.sha256) }
            return storeChange(request, file.map { given($0, request) } ?? .status(.notFound))
        } during: { store in
            let storeAddress = store.address
            try await HubServer.run { request in
                hubChange(request, answer(request, files, store: storeAddress))
            } during: { hub in
                try await body(FakeHub(hub: hub, store: store, folder: folder))
            }
        }
    }

    private static func answer(
        _ request: HubServer.Request, _ files: [File], store: String
    ) -> HubServer.Reply {
        if request.uri == "/api/models/owner/model/tree/main?recursive=1" {
            return HubServer.Reply(body: Array("[\(files.map(\.listed).joined(separator: ","))]".utf8))
        }
        let file = files.first { request.uri == "/owner/model/resolve/main/\($0.path)" }
        guard let file else { return .status(.notFound, ["x-error-code": "EntryNotFound"]) }
        guard file.isLarge else { return given(file, request) }
        return .status(
            .found,
            ["location": "\(store)/signed/\(file.sha256)", "x-linked-etag": "\"\(file.sha256)\""])
    }

    /// A file as a good server gives it.
    static func given(_ file: File, _ request: HubServer.Request) -> HubServer.Reply {
        let tag = "\"tag-\(file.sha256.prefix(8))\""
        let isCurrent = request.header("if-range").map { $0 == tag } ?? true
        guard let range = request.range, isCurrent else {
            return HubServer.Reply(headers: ["etag": tag], body: file.bytes)
        }
        guard range.upperBound <= file.bytes.count else { return .status(.rangeNotSatisfiable) }
        return HubServer.Reply(
            status: .partialContent,
            headers: [
                "etag": tag,
                "content-range": "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.bytes.count)",
            ],
            body: Array(file.bytes[range]))
    }

    // MARK: Asking it

    static let blockByteCount: UInt64 = 1000

    func settings(token: String? = "hf_secret") throws -> HubClient.Settings {
        var settings = HubClient.Settings(
            hub: try HubAddress(parsing: hub.address), token: token, proxies: try ProxyChoice([:]))
        settings.delays = RetryDelays(first: .microseconds(10))
        return settings
    }

    /// Pulls `owner/model`, in blocks of a thousand bytes.
    @discardableResult
    func pull(_ choice: String = "", token: String? = "hf_secret") async throws -> ModelPull.Result {
        let reference = try HubReference(parsing: "owner/model\(choice)")
        let pull = puller
        return try await HubClient.use(settings(token: token)) { client in
            try await pull.run(reference, by: client, show: { _ in })
        }
    }

    var puller: ModelPull {
        ModelPull(
            folder: HubFolder(store: folder.path), choice: ModelChoice(readable: ["TQ2_0", "I2_S"]),
            connections: 3, blockByteCount: Self.blockByteCount)
    }

    /// What a pull fails with.
    func refusal(_ choice: String = "") async -> String {
        do {
            try await pull(choice)
            return "nothing failed"
        } catch {
            return error.words
        }
    }
}

func hex(_ digest: some Sequence<UInt8>) -> String {
    digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}

/// Bytes that are different everywhere.
func content(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
}

/// A file's bytes.
func bytes(_ path: String) throws -> [UInt8] { try SmallFile.bytes(path) }
