// SPDX-License-Identifier: MIT
import Foundation
import Testing

extension EndToEnd {
    /// A real Prometheus that watches a real coordinator.
    @Suite struct Monitoring {
        private static let directory = Programs.repository.appending(path: ".build/prometheus/usr/bin")
        private static let prometheus = directory.appending(path: "prometheus").path
        private static let promtool = directory.appending(path: "promtool").path
        private static var isHere: Bool { FileManager.default.isExecutableFile(atPath: prometheus) }

        private struct Answer: Decodable {
            struct Content: Decodable {
                struct Sample: Decodable {
                    /// A time and a value as text.
                    var value: [Value]
                    var metric: [String: String]
                }
                var result: [Sample]
            }
            enum Value: Decodable {
                case number(Double)
                case text(String)

                init(from decoder: any Decoder) throws {
                    let container = try decoder.singleValueContainer()
                    if let text = try? container.decode(String.self) {
                        self = .text(text)
                    } else {
                        self = .number(try container.decode(Double.self))
                    }
                }
            }
            var data: Content

            /// The values, by the labels that `name` gives.
            func values(by name: String) -> [String: Double] {
                let pairs = data.result.compactMap { sample -> (String, Double)? in
                    guard case .text(let text) = sample.value.last, let value = Double(text) else {
                        return nil
                    }
                    return (sample.metric[name] ?? "", value)
                }
                return Dictionary(pairs) { first, _ in first }
            }
        }

        private struct Rules: Decodable {
            struct Content: Decodable { var groups: [Group] }
            struct Group: Decodable { var rules: [Rule] }
            struct Rule: Decodable {
                var name: String
                var health: String
            }
            var data: Content
        }

        /// Starts Prometheus with the configuration that operators get, for one coordinator and in a hurry.
        private func watch(
            _ run: ServingRun, in directory: TemporaryDirectory
        ) throws -> (ChildProcess, String) {
            let files = Programs.repository.appending(path: "cluster/monitoring")
            let target = try #require(URL(string: run.admin)?.port)
            let configuration = try String(
                contentsOf: files.appending(path: "prometheus.yml"), encoding: .utf8
            )
            .replacing("127.0.0.1:8081", with: "127.0.0.1:\(target)").replacing("5s", with: "500ms")
            _ = try directory.write(
                String(contentsOf: files.appending(path: "alerts.yml"), encoding: .utf8), to: "alerts.yml")
            let port = try LocalSocket.freePort()
            let process = try ChildProcess(
                Self.prometheus,
                [
                    "--config.file=\(try directory.write(configuration, to: "prometheus.yml"))",
                    "--storage.tsdb.path=\(directory.path(of: "data"))",
                    "--web.listen-address=127.0.0.1:\(port)",
                ])
            return (process, "http://127.0.0.1:\(port)")
        }

        @Test(.enabled(if: isHere, "prometheus is not here: Tests/Checks/Monitoring/unpack"))
        func `Prometheus scrapes a coordinator, finds its figures, and evaluates all alerts`() async throws {
            let cluster = try await TestCluster.three()
            let run = try await ServingRun(["--shards", cluster.file.write(in: cluster.directory)])
            try await run.untilReady()
            let reply = try await run.post("/v1/completions", #"{"prompt": "Once", "max_tokens": 8}"#)
            #expect(reply.status == 200, "\(reply.text)")
            let directory = try TemporaryDirectory()
            let (prometheus, address) = try watch(run, in: directory)

            func query(_ expression: String) async throws -> Answer? {
                var url = URLComponents(string: address + "/api/v1/query")
                url?.queryItems = [URLQueryItem(name: "query", value: expression)]
                guard let reply = try? await run.get(url?.string ?? ""), reply.status == 200 else {
                    return nil
                }
                return try reply.decoded(Answer.self)
            }
            func until(_ what: String, _ isMet: () async throws -> Bool) async throws {
                let deadline = ContinuousClock.now + .seconds(90)
                while try await !isMet() {
                    guard .now < deadline, prometheus.poll() == nil else {
                        throw TestError("no \(what)\n\(prometheus.diagnostics)\n\(run.process.diagnostics)")
                    }
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            try await until("scrape") { try await query("up")?.values(by: "job") == ["bitnet": 1] }
            try await until("steps") {
                try await query("bitnet_steps_total")?.values(by: "job")["bitnet"] ?? 0 > 0
            }
            try await until("resident memory of each worker, by heartbeat") {
                let bytes = try await query("bitnet_worker_resident_bytes")?.values(by: "worker") ?? [:]
                return Set(bytes.keys) == ["w0", "w1", "w2"] && bytes.values.allSatisfy { $0 > 1e6 }
            }
            try await until("a state") {
                try await query("bitnet_cluster_state == 1")?.values(by: "state").count == 1
            }
            try await until("healthy rules") {
                let rules = try await run.get(address + "/api/v1/rules").decoded(Rules.self).data.groups
                    .flatMap(\.rules)
                #expect(rules.count > 10)
                return rules.allSatisfy { $0.health == "ok" }
            }
            try await untilDead(cluster.workers[1]) {
                try await query("bitnet_worker_up")?.values(by: "worker")["w1"] == 0
            }
        }

        /// Kills a worker and waits until that shows.
        private func untilDead(_ worker: RunningWorker, _ isSeen: () async throws -> Bool) async throws {
            try await worker.kill()
            let deadline = ContinuousClock.now + .seconds(60)
            while try await !isSeen() {
                guard .now < deadline else { throw TestError("the loss of \(worker.name) does not show") }
                try await Task.sleep(for: .milliseconds(100))
            }
        }

        @Test func `every metric of a coordinator stands in the list, and promtool has nothing to say`()
            async throws
        {
            let cluster = try await TestCluster(count: 1)
            let run = try await ServingRun(["--shards", cluster.file.write(in: cluster.directory)])
            try await run.untilReady()
            _ = try await run.post("/v1/completions", #"{"prompt": "Once", "max_tokens": 8}"#)
            let reply = try await run.get(run.admin + "/metrics")
            #expect(reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            let unnamed = reply.text.split(separator: "\n").filter {
                $0.hasPrefix("# HELP bitnet_") && $0.contains("Of a library")
            }
            #expect(unnamed.isEmpty)
            #expect(reply.text.contains("# TYPE bitnet_gateway_requests_total counter"))

            guard Self.isHere else { return }
            let input = try cluster.directory.write(reply.text, to: "metrics")
            let checker = try ChildProcess(
                "/bin/sh", ["-c", "\(Self.promtool) check metrics < \(input)"])
            #expect(try await checker.untilEnd() == .exited(0))
            #expect(checker.output.isEmpty && checker.diagnostics.isEmpty, "\(checker.diagnostics)")
        }

        @Test func `what others measure too has their names, where that is wanted`() async throws {
            let run = try await ServingRun(["--local", "--model", Programs.model, "--vllm-metrics"])
            try await run.untilReady()
            let reply = try await run.post("/v1/completions", #"{"prompt": "One day", "max_tokens": 4}"#)
            #expect(reply.status == 200)
            // They are published once a second.
            try await run.until("the tokens") {
                try await run.get(run.admin + "/metrics").text
                    .contains(#"vllm:generation_tokens_total{model_name="stories"} 4"#)
            }
            let text = try await run.get(run.admin + "/metrics").text
            for line in [
                #"vllm:num_requests_running{model_name="stories"} 0"#,
                #"vllm:num_requests_waiting{model_name="stories"} 0"#,
                #"vllm:kv_cache_usage_perc{model_name="stories"} 0"#,
                #"vllm:time_to_first_token_seconds_count{model_name="stories"} 1"#,
                #"vllm:e2e_request_latency_seconds_count{route="/v1/completions",model_name="stories"} 1"#,
            ] {
                #expect(text.contains(line + "\n"), "\(line)")
            }
        }
    }
}
