// SPDX-License-Identifier: MIT
import AsyncHTTPClient
import BitNetCore
import NIOCore
import NIOHTTP1
import Synchronization

/// Asks a hub, and whomever it leads to.
package final class HubClient: Sendable {
    /// How it is asked.
    package struct Settings: Sendable {
        package var hub: HubAddress
        /// Who asks; only the hub itself is told.
        package var token: String?
        package var proxies: ProxyChoice
        package var delays = RetryDelays()
        package var readTimeout = Limits.hubReadTimeout

        package init(hub: HubAddress, token: String?, proxies: ProxyChoice) {
            self.hub = hub
            self.token = token
            self.proxies = proxies
        }
    }

    package let settings: Settings
    private let direct: HTTPClient
    /// A client has one proxy.
    private let proxied = Mutex<[String: HTTPClient]>([:])

    private init(_ settings: Settings) {
        self.settings = settings
        direct = Self.client(settings, through: nil)
    }

    /// Lets the connections go when `body` has returned.
    package static func use<Result: Sendable>(
        _ settings: Settings, _ body: (HubClient) async throws -> Result
    ) async throws -> Result {
        let client = HubClient(settings)
        do {
            let result = try await body(client)
            await client.shutdown()
            return result
        } catch {
            await client.shutdown()
            throw error
        }
    }

    private func shutdown() async {
        let others = proxied.withLock { clients in Array(clients.values) }
        for client in [direct] + others { try? await client.shutdown() }
    }

    private static func client(_ settings: Settings, through proxy: ProxyChoice.Server?) -> HTTPClient {
        let nanoseconds = { (duration: Duration) in Int64(clamping: duration.seconds * 1e9) }
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: .nanoseconds(nanoseconds(Limits.connectTimeout)),
                read: .nanoseconds(nanoseconds(settings.readTimeout))))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
            Limits.hubConnections.upperBound
        configuration.httpVersion = .http1Only
        configuration.proxy = proxy.map { proxy in
            .server(
                host: proxy.host, port: proxy.port,
                authorization: proxy.user.map { .basic(username: $0, password: proxy.password) })
        }
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    private func client(for address: HubAddress) -> HTTPClient {
        guard let proxy = settings.proxies.server(for: address) else { return direct }
        return proxied.withLock { clients in
            let name = "\(proxy.host):\(proxy.port)"
            if let client = clients[name] { return client }
            let client = Self.client(settings, through: proxy)
            clients[name] = client
            return client
        }
    }

    /// The last answer on the way that begins at `path` of the hub.
    ///
    /// Where a hub leads elsewhere, whoever is there is not told the token.
    func get(
        _ path: String, range: Range<UInt64>? = nil, validator: String? = nil
    ) async throws -> (answer: HubAnswer, response: HTTPClientResponse, address: HubAddress) {
        var address = try HubAddress(parsing: settings.hub.appending(path))
        var linkedTag: String?
        for _ in 0...Limits.hubRedirectsMax {
            let response = try await client(for: address).execute(
                request(address, range, validator), deadline: .distantFuture)
            linkedTag = linkedTag ?? (isHub(address) ? response.headers.first(name: "x-linked-etag") : nil)
            guard [301, 302, 303, 307, 308].contains(response.status.code),
                let location = response.headers.first(name: "location")
            else {
                var answer = HubAnswer(response, isOfHub: isHub(address))
                answer.linkedTag = linkedTag
                return (answer, response, address)
            }
            // A connection whose answer was read to its end serves the next request.
            _ = try? await response.body.collect(upTo: Limits.controlBytesMax)
            address = try address.following(location)
        }
        throw HubError("\(settings.hub.origin)\(path) leads from one address to the next without end")
    }

    private func isHub(_ address: HubAddress) -> Bool { address.origin == settings.hub.origin }

    private func request(
        _ address: HubAddress, _ range: Range<UInt64>?, _ validator: String?
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: address.text)
        request.headers.add(name: "user-agent", value: Build.name.replacing(" ", with: "/"))
        // Compressed bytes have other places.
        request.headers.add(name: "accept-encoding", value: "identity")
        if let token = settings.token, isHub(address), address.keepsSecrets {
            request.headers.add(name: "authorization", value: "Bearer \(token)")
        }
        if let range, !range.isEmpty {
            request.headers.add(
                name: "range", value: "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
            if let validator { request.headers.add(name: "if-range", value: validator) }
        }
        return request
    }
}

extension HubAnswer {
    init(_ response: HTTPClientResponse, isOfHub: Bool) {
        self.init(status: response.status.code)
        let headers = response.headers
        entityTag = headers.first(name: "etag")
        contentRange = headers.first(name: "content-range")
        contentLength = headers.first(name: "content-length").flatMap { UInt64($0, radix: 10) }
        retryAfter = headers.first(name: "retry-after")
        code = headers.first(name: "x-error-code")
        words = headers.first(name: "x-error-message")
        self.isOfHub = isOfHub
    }
}
