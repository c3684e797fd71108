// SPDX-License-Identifier: MIT
import AsyncHTTPClient
import BitNetCore
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOSSL
import OperatorLogic

/// Documents and streams of one server.
struct Remote: Sendable {
    let address: RemoteAddress
    private let key: String?
    private let client: HTTPClient

    /// Lets the connections go when `body` has returned.
    ///
    /// - Parameter authority: file with the certificates that are trusted; `nil` for those of the system.
    static func use<Result: Sendable>(
        _ address: RemoteAddress, key: String?, authority: String?, _ body: (Remote) async throws -> Result
    ) async throws -> Result {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .nanoseconds(Int64(clamping: Limits.connectTimeout.seconds * 1e9))))
        // Who asks is told at once that nobody answers, and decides about another try.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        if let authority {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(try trusted(authority))
            configuration.tlsConfiguration = tls
        }
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let result = try await body(Remote(address: address, key: key, client: client))
            try? await client.shutdown()
            return result
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    private static func trusted(_ path: String) throws -> [NIOSSLCertificate] {
        let bytes = try SmallFile.bytes(path)
        if let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty {
            return certificates
        }
        throw RemoteError("--ca-file \(path) holds no certificate as PEM text")
    }

    /// A document.
    func get<Document: Decodable & Sendable>(
        _ path: String, as type: Document.Type, within limit: Duration = Limits.remoteTimeout
    ) async throws -> Document {
        try decode(type, await bytes(.GET, path, within: limit))
    }

    /// The document that answers a request with a body, or without.
    func send<Document: Decodable & Sendable>(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8] = [], as type: Document.Type,
        bytesMax: Int = Limits.adminDocumentBytesMax, within limit: Duration = Limits.remoteTimeout
    ) async throws -> Document {
        try decode(type, await bytes(method, path, body, bytesMax: bytesMax, within: limit))
    }

    /// The answer's body as it came.
    ///
    /// - Parameter limit: for all of it.
    func bytes(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8] = [],
        bytesMax: Int = Limits.adminDocumentBytesMax, within limit: Duration = Limits.remoteTimeout
    ) async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            defer { group.cancelAll() }
            group.addTask {
                let response = try await execute(method, path, body, within: limit)
                return try await collect(response.body, bytesMax: bytesMax)
            }
            group.addTask {
                try await Task.sleep(for: limit)
                throw address.late(limit)
            }
            guard let bytes = try await group.next() else { throw CancellationError() }
            return bytes
        }
    }

    /// Reads server-sent events until the stream ends or `take` has had enough.
    ///
    /// - Parameters:
    ///   - limit: for the beginning of the answer; the stream may last.
    ///   - take: returns whether to go on.
    func events(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8] = [], within limit: Duration,
        _ take: (ServerSentEvent) throws -> Bool
    ) async throws {
        let response = try await execute(method, path, body, within: limit)
        var reader = ServerSentEvents()
        do {
            for try await buffer in response.body {
                for event in try reader.read(buffer.readableBytesView) where try !take(event) { return }
            }
        } catch {
            throw translated(error, limit)
        }
        try Task.checkCancellation()
    }

    func decode<Document: Decodable>(_ type: Document.Type, _ bytes: [UInt8]) throws -> Document {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        // JSON has no numbers for these; the screens show them as unknown.
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        guard let document = try? decoder.decode(type, from: Data(bytes)) else { throw address.unreadable }
        return document
    }

    private func execute(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8], within limit: Duration
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: address.url(path))
        request.method = method
        request.headers.add(name: "user-agent", value: Build.name.replacing(" ", with: "/"))
        if let key { request.headers.add(name: "authorization", value: "Bearer \(key)") }
        if !body.isEmpty {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response: HTTPClientResponse
        do {
            response = try await client.execute(
                request, timeout: .nanoseconds(Int64(clamping: limit.seconds * 1e9)))
        } catch {
            throw translated(error, limit)
        }
        guard (200..<300).contains(response.status.code) else {
            let bytes = try? await collect(response.body, bytesMax: Limits.controlBytesMax)
            let error = bytes.flatMap { try? decode(Refusal.self, $0) }?.error
            // What is not there is what was asked about, and not the path.
            if let error, error.param != nil { throw RemoteError(error.message) }
            throw address.refusal(status: response.status.code, path: path, message: error?.message)
        }
        return response
    }

    private func collect(_ body: HTTPClientResponse.Body, bytesMax: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await buffer in body {
                guard bytes.count + buffer.readableBytes <= bytesMax else {
                    throw RemoteError("\(address.base) answers with more than \(bytesMax) bytes")
                }
                bytes += buffer.readableBytesView
            }
        } catch {
            throw translated(error, Limits.remoteTimeout)
        }
        try Task.checkCancellation()
        return bytes
    }

    private func translated(_ error: any Error, _ limit: Duration) -> any Error {
        switch error {
        case is CancellationError, is any RemediableError: error
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
            address.late(limit)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: address.untrusted(because: error)
        default: address.unreachable
        }
    }
}

/// What refusals say for people.
private struct Refusal: Decodable {
    struct Body: Decodable {
        var message: String
        /// What of the request is wrong.
        var param: String?
    }
    var error: Body
}
