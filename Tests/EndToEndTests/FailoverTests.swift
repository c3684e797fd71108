// SPDX-License-Identifier: MIT
import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// Workers die and stall while text is written, and those who read it see nothing but a pause.
    @Suite struct Failover {
        /// Streams that run for seconds: greedy and drawn, with log-probabilities, penalties and several choices.
        private static let bodies = [
            #"{"prompt": "One day", "max_tokens": 400, "temperature": 0, "logprobs": 2, "stop": ["\u0001"]}"#,
            #"{"prompt": "Once upon a time", "max_tokens": 400, "temperature": 0.9, "seed": 7, "logprobs": 0}"#,
            #"{"prompt": "The end", "max_tokens": 300, "temperature": 0.8, "seed": 3, "presence_penalty": 0.7, "n": 2}"#,
            #"{"prompt": "One day Lily", "max_tokens": 300, "temperature": 1.1, "seed": 5, "frequency_penalty": 0.4}"#,
        ]

        private struct Answer: Decodable, Equatable {
            struct Choice: Decodable, Equatable {
                struct LogProbabilities: Decodable, Equatable {
                    let tokens: [String]
                    let tokenLogprobs: [Double?]
                }

                let text: String
                let finishReason: String
                let logprobs: LogProbabilities?
            }

            let choices: [Choice]
            let systemFingerprint: String
        }

        /// The answers to all bodies at once.
        private static func answers(_ run: ServingRun) async throws -> [Answer] {
            try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
                for (index, body) in bodies.enumerated() {
                    group.addTask {
                        let reply = try await run.post("/v1/completions", body)
                        guard reply.status == 200 else { throw TestError("\(reply.status): \(reply.text)") }
                        return (index, try reply.decoded(Answer.self))
                    }
                }
                var answers = [Answer?](repeating: nil, count: bodies.count)
                for try await (index, answer) in group { answers[index] = answer }
                return answers.compactMap(\.self)
            }
        }

        /// What nobody disturbs: one process.
        private static let undisturbed = Task {
            let run = try await ServingRun(["--local", "--model", Programs.model])
            try await run.untilReady()
            return try await answers(run)
        }

        private func serve(_ cluster: TestCluster, _ options: [String] = []) async throws -> ServingRun {
            let run = try await ServingRun(["--shards", cluster.file.write(in: cluster.directory)] + options)
            try await run.untilReady()
            return run
        }

        private func untilWriting(_ run: ServingRun) async throws {
            try await run.until("tokens") {
                let throughput = try await run.get(run.admin + "/v1/status").object()["throughput"]
                return ((throughput as? [String: Any])?["generated_token_count"] as? Int ?? 0) >= 100
            }
        }

        /// Has all streams begin, does `harm`, and expects what nobody disturbs.
        private func expectUndisturbed(_ run: ServingRun, after harm: () async throws -> Void) async throws {
            let expected = try await Self.undisturbed.value
            async let found = Self.answers(run)
            try await untilWriting(run)
            try await harm()
            let answers = try await found
            for (answer, expected) in zip(answers, expected) { #expect(answer == expected) }
            #expect(answers.count == Self.bodies.count)
            let status = try await run.get(run.admin + "/v1/status").object()
            let queue = try #require(status["queue"] as? [String: Any])
            #expect(queue["failed_count"] as? Int == 0)
        }

        private func placement(_ run: ServingRun) async throws -> [String] {
            let plan = try await run.get(run.admin + "/v1/plan").object()
            return try #require(plan["stages"] as? [[String: Any]]).map {
                "\($0["worker"] ?? "") \($0["layers"] ?? "")"
            }
        }

        @Test(arguments: [(0, SIGKILL), (1, SIGKILL), (2, SIGKILL), (1, SIGSTOP)])
        func `a spare takes a lost stage over, and every stream goes on`(
            lost: Int, signal: Int32
        ) async throws {
            let cluster = try await TestCluster(count: 4)
            cluster.assign("0-2", "3-5", "6-8")
            cluster.file.workers[3].isSpare = true
            let run = try await serve(cluster)
            try await run.until("a warm spare") {
                run.process.diagnostics.contains("stands by with layers 0-8 in memory")
            }
            let spares = try await run.get(run.admin + "/v1/status").object()["spares"] as? [[String: Any]]
            #expect(spares?.map { "\($0["worker"] ?? "") \($0["layers"] ?? "")" } == ["w3 [0, 8]"])
            try await expectUndisturbed(run) { cluster.workers[lost].process.signal(signal) }
            #expect(run.process.diagnostics.contains("it holds them in memory"))
            #expect(cluster.workers[3].process.diagnostics.contains("kept in memory"))
            // Those that are left compute nothing again.
            for index in 0..<3 where index != lost {
                let lines = cluster.workers[index].process.diagnostics
                #expect(lines.contains("sequences known"), "w\(index)")
            }
            var expected = ["w0 [0, 2]", "w1 [3, 5]", "w2 [6, 8]"]
            expected[lost] = "w3" + expected[lost].dropFirst(2)
            #expect(try await placement(run) == expected)
            let failures = try #require(
                try await run.get(run.admin + "/v1/status").object()["failures"] as? [[String: Any]])
            #expect(failures.first?["worker"] as? String == "w\(lost)")
            #expect((failures.first?["outage_seconds"] as? Double ?? 60) < (signal == SIGSTOP ? 10 : 5))
            #expect(try await run.stop() == .exited(0))
            if signal == SIGSTOP { cluster.workers[lost].process.signal(SIGCONT) }
        }

        @Test func `who is given time to stand still is not lost`() async throws {
            let patience = ["--loss-timeout", "30"]
            let cluster = try await TestCluster.three(options: [patience, patience, patience])
            let run = try await serve(cluster, patience)
            try await expectUndisturbed(run) {
                cluster.workers[1].process.signal(SIGSTOP)
                try await Task.sleep(for: .seconds(4))
                cluster.workers[1].process.signal(SIGCONT)
            }
            let status = try await run.get(run.admin + "/v1/status").object()
            #expect((status["failures"] as? [Any])?.isEmpty == true)
            #expect(try await run.stop() == .exited(0))
        }

        /// Which lines tell of a loss, and in what order they come, but for those of several workers at once.
        @Test func `an operator sees of a loss what the page shows`() async throws {
            let cluster = try await TestCluster(count: 4)
            cluster.assign("0-2", "3-5", "6-8")
            cluster.file.workers[3].isSpare = true
            let run = try await serve(cluster)
            try await run.until("a warm spare") { run.process.diagnostics.contains("stands by with layers") }
            try await expectUndisturbed(run) { cluster.workers[1].process.signal(SIGKILL) }
            let events = try ChildProcess("bitnet-ctl", ["events", "--coordinator", run.admin])
            try await run.until("events") {
                Self.told(events.output).last?.hasPrefix("serving") == true
            }
            events.signal(SIGTERM)
            let page = try String(
                contentsOf: Programs.repository.appending(path: "cluster/docs/operating.md"), encoding: .utf8)
            let block = try #require(
                page.components(separatedBy: "```events\n").last?.components(separatedBy: "\n```").first)
            #expect(
                Self.ordered(Self.told(events.output)) == Self.ordered(block.components(separatedBy: "\n")))
            #expect(try await run.stop() == .exited(0))
        }

        /// The lines from the loss on, without their times and those that may be missing.
        private static func told(_ output: String) -> [String] {
            let lines = output.split(separator: "\n").map { $0.replacing(/^[0-9:]+ +/, with: "") }
            guard let start = lines.firstIndex(where: { $0.hasPrefix("lost") }) else { return [] }
            return lines[start...].map(String.init).filter {
                !$0.hasPrefix("shipped") && !$0.hasPrefix("waiting")
            }
        }

        /// What is the same on every machine; lines of one kind in the order of their texts.
        private static func ordered(_ lines: [String]) -> [String] {
            let masked = lines.map { line in
                line.replacing(/avx2|avx512|scalar|neon/, with: "ISA").replacing(
                    /\(?127\.[0-9.:]+\)?/, with: "PLACE"
                )
                .replacing(/[0-9.]+ (MiB|ms)/, with: "N").replacing(/closed the connection.*/, with: "")
                .replacing(/[0-9]+ threads?/, with: "THREADS")
            }
            var blocks: [[String]] = []
            for line in masked {
                let kind = line.prefix { $0 != " " }
                if blocks.last?.last?.prefix(while: { $0 != " " }) == kind {
                    blocks[blocks.count - 1].append(line)
                } else {
                    blocks.append([line])
                }
            }
            return blocks.flatMap { $0.sorted() }
        }

        @Test func `survivors with room take over, one after the other, down to the last`() async throws {
            let cluster = try await TestCluster.three()
            let run = try await serve(cluster)
            try await expectUndisturbed(run) {
                cluster.workers[2].process.signal(SIGKILL)
                try await run.until("two stages") { try await self.placement(run).count == 2 }
            }
            #expect(try await placement(run) == ["w0 [0, 2]", "w1 [3, 8]"])
            try await expectUndisturbed(run) { cluster.workers[0].process.signal(SIGKILL) }
            #expect(try await placement(run) == ["w1 [0, 8]"])
            // Two machines come back, and are what is left when the last goes.
            try await cluster.restart(0)
            try await cluster.restart(2)
            try await expectUndisturbed(run) { cluster.workers[1].process.signal(SIGKILL) }
            #expect(try await run.stop() == .exited(0))
        }

        @Test func `who has room only far from a gap serves it as one more stage`() async throws {
            let cluster = try await TestCluster.three()
            try await limitMemory(of: cluster)
            cluster.file.workers[2].memory = nil
            let run = try await serve(cluster, Self.parallel)
            try await expectUndisturbed(run) { cluster.workers[0].process.signal(SIGKILL) }
            #expect(try await placement(run) == ["w2 [0, 2]", "w1 [3, 5]", "w2 [6, 8]"])
            for worker in cluster.workers[1...] {
                // Nothing of what they had was loaded or computed again.
                #expect(worker.process.diagnostics.contains("sequences known"))
            }
            let stages = try #require(
                try await run.get(run.admin + "/v1/status").object()["stages"] as? [[String: Any]])
            #expect(stages.compactMap { $0["worker"] as? String } == ["w2", "w1", "w2"])
            let memory = stages.compactMap { $0["memory_bytes"] as? Int }
            #expect(memory.count == 3 && memory[0] > 0 && memory[2] > 0)
            // What lies between its stages makes them one.
            try await expectUndisturbed(run) { cluster.workers[1].process.signal(SIGKILL) }
            #expect(try await placement(run) == ["w2 [0, 8]"])
            try await cluster.restart(0)
            try await cluster.restart(1)
            try await run.untilReady()
            #expect(try await run.stop() == .exited(0))
        }

        @Test func `without room anywhere requests wait for the worker, and go on when it returns`()
            async throws
        {
            let cluster = try await TestCluster.three()
            try await limitMemory(of: cluster)
            let run = try await serve(cluster, Self.parallel)
            try await expectUndisturbed(run) {
                try await cluster.workers[1].kill()
                try await run.until("recovering") {
                    try await run.get(run.gateway + "/health").text.contains("recovering")
                }
                #expect(try await run.get(run.admin + "/ready").status == 503)
                try await cluster.restart(1)
            }
            #expect(try await placement(run) == ["w0 [0, 2]", "w1 [3, 5]", "w2 [6, 8]"])
            #expect(try await run.stop() == .exited(0))
        }

        @Test func `who waits in vain is told so, and when to come back`() async throws {
            let cluster = try await TestCluster.three()
            try await limitMemory(of: cluster)
            let run = try await serve(cluster, Self.parallel + ["--failover-timeout", "1"])
            async let reply = run.post(
                "/v1/completions",
                #"{"prompt": "One day", "max_tokens": 3000, "temperature": 0, "ignore_eos": true}"#)
            try await untilWriting(run)
            try await cluster.workers[1].kill()
            let failed = try await reply
            #expect(failed.status == 503)
            #expect(failed.headers["retry-after"] != nil)
            #expect(failed.text.contains("no other stages came up within 1"), "\(failed.text)")
            #expect(try await run.get(run.gateway + "/health").text.contains(#""down""#))
            let refused = try await run.post("/v1/completions", #"{"prompt": "One", "max_tokens": 1}"#)
            #expect(refused.status == 503 && refused.headers["retry-after"] != nil)
            try await cluster.restart(1)
            try await run.untilReady()
            let served = try await run.post("/v1/completions", #"{"prompt": "One", "max_tokens": 1}"#)
            #expect(served.status == 200)
            #expect(try await run.stop() == .exited(0))
        }

        /// Else fewer sequences at a time would make room.
        private static let parallel = ["--parallel", "4"]

        /// From now on no worker has room for more than it has.
        private func limitMemory(of cluster: TestCluster) async throws {
            let run = try await serve(cluster, Self.parallel)
            let plan = try await run.get(run.admin + "/v1/plan").object()
            for stage in try #require(plan["stages"] as? [[String: Any]]) {
                let index = try #require(stage["index"] as? Int)
                cluster.file.workers[index].memory = "\(try #require(stage["memory_bytes"] as? Int))"
            }
            #expect(try await run.stop() == .exited(0))
        }

        @Test func `a worker is drained and upgraded, and one that is added gets layers, under streams`()
            async throws
        {
            let cluster = try await TestCluster(count: 3)
            let added = cluster.file.workers.removeLast()
            let path = try cluster.file.write(in: cluster.directory)
            let run = try await ServingRun(["--shards", path, "--placement", "bytes"])
            try await run.untilReady()
            func ctl(_ arguments: String...) async throws -> (ChildProcess.Ending, String) {
                let process = try ChildProcess("bitnet-ctl", arguments + ["--coordinator", run.admin])
                return (try await process.untilEnd(), process.output + process.diagnostics)
            }
            func owners() async throws -> [String] { try await placement(run).map { String($0.prefix(2)) } }
            #expect(try await owners() == ["w0", "w1"])
            try await expectUndisturbed(run) {
                let (ending, text) = try await ctl("drain", "w0", "--wait")
                #expect(ending == .exited(0), "\(text)")
                #expect(try await self.placement(run) == ["w1 [0, 8]"])
                // Nobody needs it any more.
                try await cluster.restart(0)
            }
            let (again, message) = try await ctl("drain", "w0", "--wait")
            #expect(again == .exited(0) && message.contains("w0 has no layers, and gets none"), "\(message)")
            let (refusal, reason) = try await ctl("drain", "nobody")
            #expect(refusal == .exited(2), "\(reason)")
            #expect(reason.hasPrefix("error: there is no worker “nobody” here; there are w0"), "\(reason)")
            try await expectUndisturbed(run) {
                cluster.file.workers.append(added)
                try cluster.file.text.write(toFile: path, atomically: true, encoding: .utf8)
                #expect(try await ctl("drain", "w0", "--resume").0 == .exited(0))
                #expect(try await ctl("replan", "--wait").0 == .exited(0))
                #expect(try await owners() == ["w0", "w1", "w2"])
            }
            // The last that has layers cannot be drained: it keeps them, and nothing is lost.
            cluster.workers[0].process.signal(SIGKILL)
            cluster.workers[2].process.signal(SIGKILL)
            try await run.until("one stage") { try await self.placement(run).count == 1 }
            try await run.untilReady()
            let (kept, why) = try await ctl("drain", "w1", "--wait")
            #expect(kept == .exited(2) && why.contains("has kept its layers"), "\(why)")
            #expect(try await run.stop() == .exited(0))
        }

        @Test func `a coordinator that comes again finds the weights in memory`() async throws {
            let cluster = try await TestCluster.three()
            let run = try await serve(cluster)
            run.process.signal(SIGKILL)
            let next = try await serve(cluster)
            #expect(next.process.diagnostics.contains("0 bytes sent"))
            for worker in cluster.workers {
                #expect(worker.process.diagnostics.components(separatedBy: "kept in memory").count == 2)
            }
            #expect(try await Self.answers(next) == Self.undisturbed.value)
            #expect(try await next.stop() == .exited(0))
        }
    }
}
