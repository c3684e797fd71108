// SPDX-License-Identifier: MIT
import Foundation
import FoundationNetworking

/// A `bitnet-coord` that serves, on ports that the system chose.
final class ServingRun: Sendable {
    let process: ChildProcess
    /// Such as `http://127.0.0.1:40123`.
    let gateway: String
    let admin: String

    /// Starts it and waits until both APIs listen; the stages may still be coming up.
    init(_ arguments: [String], environment: [String: String] = [:]) async throws {
        let process = try ChildProcess(
            "bitnet-coord", arguments + ["--port", "0", "--admin", "127.0.0.1:0"], environment: environment)
        func address(_ name: String) -> String? {
            let line = process.diagnostics.split(separator: "\n").first { $0.contains("listening \(name)=") }
            let field = line?.split(separator: " ").first { $0.hasPrefix("\(name)=") }
            return field?.dropFirst(name.count + 1).trimmingCharacters(in: ["\""])
        }
        try await process.until("both APIs") { address("gateway") != nil && address("admin") != nil }
        guard let gateway = address("gateway"), let admin = address("admin") else {
            throw TestError("no addresses: \(process.diagnostics)")
        }
        self.process = process
        self.gateway = String(gateway.dropLast("/v1".count))
        self.admin = admin
    }

    /// One whose addresses are known.
    init(_ process: ChildProcess, gateway: String, admin: String) {
        self.process = process
        self.gateway = gateway
        self.admin = admin
    }

    /// Waits until requests are taken.
    func untilReady() async throws {
        try await until("readiness") { try await self.get(self.gateway + "/ready").status == 200 }
    }

    /// Waits until a condition holds that takes requests to find out.
    func until(
        _ what: String, within limit: Duration = .seconds(60), _ isMet: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while try await !isMet() {
            if let ending = process.poll() {
                throw TestError("bitnet-coord ended (\(ending)) before \(what)\n\(process.diagnostics)")
            }
            guard .now < deadline else {
                throw TestError("no \(what) within \(limit)\n\(process.diagnostics)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Asks the program to end, and waits for that.
    func stop() async throws -> ChildProcess.Ending {
        process.signal(SIGTERM)
        return try await process.untilEnd()
    }

    // MARK: HTTP

    struct Reply {
        let status: Int
        let body: Data
        let headers: [String: String]

        var text: String { String(decoding: body, as: UTF8.self) }

        func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(type, from: body)
        }

        /// The body as nested dictionaries and arrays.
        func object() throws -> [String: Any] {
            guard let object = try JSONSerialization.jsonObject(with: body) as? [String: Any] else {
                throw TestError("no JSON object: \(text)")
            }
            return object
        }
    }

    func get(_ url: String, headers: [String: String] = [:]) async throws -> Reply {
        try await send("GET", url, body: nil, headers)
    }

    /// Posts JSON to the gateway.
    func post(_ path: String, _ json: String, headers: [String: String] = [:]) async throws -> Reply {
        try await send("POST", gateway + path, body: Data(json.utf8), headers)
    }

    func send(
        _ method: String, _ url: String, body: Data? = nil, _ headers: [String: String] = [:]
    ) async throws -> Reply {
        guard let address = URL(string: url) else { throw TestError("\(url) is no URL") }
        var request = URLRequest(url: address, timeoutInterval: 120)
        request.httpMethod = method
        request.httpBody = body
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await URLSession.shared.data(for: request)
        guard let response = response as? HTTPURLResponse else { throw TestError("no HTTP: \(response)") }
        let fields = response.allHeaderFields.map { ("\($0.key)".lowercased(), "\($0.value)") }
        return Reply(
            status: response.statusCode, body: data, headers: Dictionary(fields) { first, _ in first })
    }
}
