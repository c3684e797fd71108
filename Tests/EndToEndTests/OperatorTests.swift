// SPDX-License-Identifier: MIT
import Foundation
import Glibc
import Synchronization
import Testing

extension EndToEnd {
    /// bitnet-ctl against a server that says what a test wants.
    @Suite struct Operator {
        static let status = """
            {"api_version":1,"cluster":"demo","state":"serving","reasons":[],"build":"bitnet-coord 0.1.0",\
            "time":1803898933.5,"uptime_seconds":11530,"gateway":"http://127.0.0.1:1/v1","model":{"name":"stories",\
            "parameter_count":15000000,"layer_count":9,"hidden_size":288,"vocabulary_size":32000,\
            "context_length":1024,"cache_type":"f16"},"workers_expected":3,"workers_joined":3,"stages":[{"index":0,\
            "worker":"a","address":"127.0.0.1:7101","state":"serving","layers":[0,8],"memory_bytes":12582912,\
            "compute_milliseconds":0.42,"idle_fraction":0.25,"is_slowest":true,"a_field_of_tomorrow":1}],\
            "throughput":{"decode_tokens_per_second":38.6,"prefill_tokens_per_second":0,"active_sequences":2,\
            "is_alone_measured":false,"time_to_first_token_p50_milliseconds":12.5,"generated_token_count":5,\
            "prompt_token_count":5,"step_count":5},"queue":{"waiting":0,"running":2,"slots":8,"waiting_max":64,\
            "refused_count":0,"finished_count":1,"failed_count":0},"hints":[],"failures":[]}
            """

        private func ctl(
            _ arguments: String..., environment: [String: String] = [:], input: String = ""
        ) async throws
            -> (ending: ChildProcess.Ending, process: ChildProcess)
        {
            let process = try ChildProcess("bitnet-ctl", arguments, environment: environment, input: input)
            return (try await process.untilEnd(), process)
        }

        private func coordinator(_ status: String = status) throws -> FakeServer {
            try FakeServer { request in
                request.line == "GET /v1/status"
                    ? .document(status) : .document(#"{"error":{"message":"nothing here"}}"#, status: 404)
            }
        }

        // MARK: status

        @Test func `a status is shown, and its state is the exit status`() async throws {
            for (state, code) in [
                ("serving", 0), ("degraded", 1), ("starting", 1), ("draining", 1), ("down", 2),
            ] {
                let server = try coordinator(
                    Self.status.replacing(
                        "\"state\":\"serving\",\"reasons\"", with: "\"state\":\"\(state)\",\"reasons\""))
                let (ending, process) = try await ctl("status", "--coordinator", server.url)
                #expect(ending == .exited(Int32(code)), "\(state)\n\(process.diagnostics)")
                #expect(process.output.contains("demo  \(state.uppercased())  3/3 workers  stories 15.0M"))
                #expect(process.output.contains("<- slowest"))
                #expect(process.output.contains("first token p50/p95 12.5/– ms"))
                #expect(process.output.split(separator: "\n").allSatisfy { $0.count <= 96 })
                #expect(!process.output.contains("\u{1B}"))
            }
        }

        @Test func `the document comes through as it was`() async throws {
            let server = try coordinator()
            let (ending, process) = try await ctl(
                "status", "--json", "--coordinator", "127.0.0.1:\(server.port)/")
            #expect(ending == .exited(0))
            #expect(process.output == Self.status + "\n")
        }

        @Test
        func `the environment names the coordinator, the command line wins, other commands do not mind`()
            async throws
        {
            let server = try coordinator()
            let set = ["BITNET_CTL_COORDINATOR": server.url, "BITNET_CTL_GATEWAY": "http://127.0.0.1:2/v1"]
            #expect(try await ctl("status", environment: set).ending == .exited(0))
            let wrong = ["BITNET_CTL_COORDINATOR": "http://127.0.0.1:1"]
            #expect(
                try await ctl("status", "--coordinator", server.url, environment: wrong).ending == .exited(0))
            #expect(try await ctl("status", environment: wrong).ending == .exited(2))
            #expect(try await ctl("inspect", Programs.model, environment: set).ending == .exited(0))
        }

        @Test func `a key is sent, and asked for if it is missing`() async throws {
            let server = try FakeServer { request in
                request.headers["authorization"] == "Bearer open-sesame"
                    ? .document(Self.status)
                    : .document(#"{"error":{"message":"no key was sent"}}"#, status: 401)
            }
            let (refused, process) = try await ctl("status", "--coordinator", server.url)
            #expect(refused == .exited(2))
            #expect(process.diagnostics.contains("--admin-key-file"))
            #expect(process.diagnostics.contains("no key was sent"))
            let files = try TemporaryDirectory()
            let key = try files.write("# for operators\n\nopen-sesame\n", to: "admin.key")
            #expect(
                try await ctl("status", "--coordinator", server.url, "--admin-key-file", key).ending
                    == .exited(0))
            let empty = try files.write("# nothing\n", to: "empty.key")
            let (ending, other) = try await ctl(
                "status", "--coordinator", server.url, "--admin-key-file", empty)
            #expect(ending == .exited(2))
            #expect(other.diagnostics.contains("there is no key in it"))
        }

        @Test func `who does not answer, or not as a coordinator would, is told with what to do`()
            async throws
        {
            let closed = try LocalSocket.freePort()
            let (ending, process) = try await ctl("status", "--coordinator", "http://127.0.0.1:\(closed)")
            #expect(ending == .exited(2))
            #expect(process.diagnostics.contains("no coordinator answers at http://127.0.0.1:\(closed)"))
            #expect(process.diagnostics.contains("--admin 127.0.0.1:\(closed)"))
            let cases: [(FakeServer.Answer, String)] = [
                (.document("{}"), "cannot read"), (.document("not JSON"), "cannot read"),
                (.document("nothing", status: 404), "is not the admin API"),
                (
                    .document(#"{"error":{"message":"out of \u001b[2J order"}}"#, status: 500),
                    "out of \u{FFFD}[2J order"
                ),
                (.torn, "no coordinator answers"),
                (.document(String(repeating: " ", count: 5 << 20)), "more than 4194304 bytes"),
            ]
            for (answer, text) in cases {
                let server = try FakeServer { _ in answer }
                let (ending, process) = try await ctl("status", "--coordinator", server.url)
                #expect(ending == .exited(2))
                #expect(process.diagnostics.contains(text), "\(process.diagnostics)")
            }
        }

        @Test func `a server that is silent is given up`() async throws {
            let server = try FakeServer { _ in .silence }
            let (ending, process) = try await ctl("status", "--coordinator", server.url)
            #expect(ending == .exited(2))
            #expect(process.diagnostics.contains("did not answer within 10 s"))
        }

        @Test func `wrong usage is 64`() async throws {
            #expect(try await ctl("status", "--watch", "0").ending == .exited(64))
            #expect(try await ctl("top", "--delay", "-1").ending == .exited(64))
            #expect(try await ctl("drain", "--wait", "--resume").ending == .exited(64))
            #expect(try await ctl("chat", "--temp", "-1").ending == .exited(64))
            #expect(try await ctl("verify").ending == .exited(64))
            #expect(try await ctl("perplexity", "file", "--cuts", "1").ending == .exited(64))
        }

        @Test func `a status is repeated until the end is asked for`() async throws {
            let server = try coordinator()
            let process = try ChildProcess(
                "bitnet-ctl", ["status", "--watch", "0.1", "--coordinator", server.url])
            try await process.until("three pictures") {
                process.output.components(separatedBy: "SERVING").count > 3
            }
            server.stop()
            try await process.until("a note") { process.diagnostics.contains("no coordinator answers") }
        }

        // MARK: top

        @Test func `without a terminal top prints one picture after the other`() async throws {
            let server = try coordinator()
            let process = try ChildProcess("bitnet-ctl", ["top", "-d", "0.1", "--coordinator", server.url])
            try await process.until("two pictures") {
                process.output.components(separatedBy: "SERVING").count > 2
            }
            #expect(!process.output.contains("\u{1B}"))
        }

        // MARK: drain

        @Test func `draining waits until nothing is left`() async throws {
            let box = Counter(left: 3)
            let server = try FakeServer { request in
                switch request.line {
                case "POST /v1/drain": return .document(#"{"is_draining":true,"remaining":3}"#)
                case "DELETE /v1/drain": return .document(#"{"is_draining":false,"remaining":0}"#)
                default:
                    return .document(
                        Self.status.replacing(
                            "\"state\":\"serving\",\"reasons\"", with: "\"state\":\"draining\",\"reasons\""
                        )
                        .replacing("\"running\":2", with: "\"running\":\(box.next())"))
                }
            }
            let (ending, process) = try await ctl("drain", "--wait", "--coordinator", server.url)
            #expect(ending == .exited(0))
            #expect(process.output == "drained: nothing is left\n")
            #expect(process.diagnostics.contains("3 sequences left"))
            #expect(server.requests.count { $0.line == "POST /v1/drain" } == 1)
            #expect(server.requests.count { $0.line == "GET /v1/status" } == 3)
            let (resumed, other) = try await ctl("drain", "--resume", "--coordinator", server.url)
            #expect(resumed == .exited(0))
            #expect(other.output == "the cluster takes requests\n")
        }

        // MARK: events

        @Test func `events are followed across a coordinator's restart`() async throws {
            let first = #"{"id":4,"time":1803898933,"kind":"lost","worker":"b","message":"no\nheartbeat"}"#
            let server = try FakeServer { request in
                request.line == "GET /v1/events?after=0" ? .stream([first]) : .silence
            }
            let process = try ChildProcess("bitnet-ctl", ["events", "--coordinator", server.url])
            try await process.until("two connections") {
                process.output.components(separatedBy: "lost").count > 2
            }
            #expect(process.output.contains("lost           b: no\u{FFFD}heartbeat\n"))
            #expect(process.diagnostics.contains("connecting again"))
        }

        // MARK: chat

        private static func delta(_ text: String) -> String {
            #"{"choices":[{"index":0,"delta":{"content":"\#(text)"}}]}"#
        }
        private static let usage =
            #"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#

        private func gateway(
            _ answer: @escaping @Sendable (FakeServer.Request) -> FakeServer.Answer
        ) throws -> FakeServer {
            try FakeServer { request in
                request.line == "GET /v1/models"
                    ? .document(#"{"data":[{"id":"stories"}]}"#) : answer(request)
            }
        }

        @Test func `a conversation carries what was said before`() async throws {
            let server = try gateway { _ in
                .stream([Self.delta("Good "), Self.delta("day"), Self.usage, "[DONE]"])
            }
            let (ending, process) = try await ctl(
                "chat", "--gateway", server.url, "--system", "Be brief.", "--temp", "0.5", "-n", "9",
                "--seed", "3",
                input: "Hello\n\nAgain\n")
            #expect(ending == .exited(0), "\(process.diagnostics)")
            #expect(process.output == "Good day\nGood day\n")
            #expect(process.diagnostics.contains("2 tokens"))
            let bodies = server.requests.filter { $0.line == "POST /v1/chat/completions" }.map(\.body)
            try #require(bodies.count == 2)
            #expect(
                bodies[1].contains(
                    #""messages":[{"content":"Be brief.","role":"system"},{"content":"Hello","role":"user"},"#
                        + #"{"content":"Good day","role":"assistant"},{"content":"Again","role":"user"}]"#))
            for field in [
                #""max_tokens":9"#, #""temperature":0.5"#, #""seed":3"#, #""stream":true"#,
                #""model":"stories""#,
            ] {
                #expect(bodies[0].contains(field), "\(bodies[0])")
            }
        }

        @Test func `an answer that fails is told, and the conversation goes on without it`() async throws {
            let server = try gateway { request in
                if request.body.contains("one") {
                    return .document(#"{"error":{"message":"64 sequences are waiting"}}"#, status: 429)
                }
                if request.body.contains("two") {
                    return .stream([Self.delta("ha"), #"{"error":{"message":"b is lost"}}"#])
                }
                if request.body.contains("three") { return .stream([Self.delta("half")]) }
                return .stream([Self.delta("fine"), "[DONE]"])
            }
            let (ending, process) = try await ctl(
                "chat", "--gateway", server.url + "/v1", input: "one\ntwo\nthree\nfour\n")
            #expect(ending == .exited(2))
            #expect(process.output == "ha\nhalf\nfine\n")
            for text in ["64 sequences are waiting", "b is lost", "broke off"] {
                #expect(process.diagnostics.contains(text), "\(text)")
            }
            #expect(server.requests.last?.body.contains("one") == false)
        }

        @Test func `all of standard input can be one message`() async throws {
            let server = try gateway { _ in .stream([Self.delta("yes"), "[DONE]"]) }
            let (ending, process) = try await ctl("chat", "-", "--gateway", server.url, input: "a\n\nb\n")
            #expect(ending == .exited(0))
            #expect(process.output == "yes\n")
            #expect(server.requests.last?.body.contains(#""content":"a\n\nb""#) == true)
        }

        @Test func `the gateway's address comes from the coordinator`() async throws {
            let gateway = try gateway { _ in .stream([Self.delta("yes"), "[DONE]"]) }
            let admin = try coordinator(
                Self.status.replacing("http://127.0.0.1:1/v1", with: gateway.url + "/v1"))
            #expect(try await ctl("chat", "hi", "--coordinator", admin.url).ending == .exited(0))
            let without = try coordinator(
                Self.status.replacing("\"gateway\":\"http://127.0.0.1:1/v1\",", with: ""))
            let (ending, process) = try await ctl("chat", "hi", "--coordinator", without.url)
            #expect(ending == .exited(2))
            #expect(process.diagnostics.contains("has no gateway yet"))
        }
    }
}

/// Counts down to nothing, and stays there.
private final class Counter: Sendable {
    private let left: Mutex<Int>

    init(left: Int) { self.left = Mutex(left) }

    func next() -> Int {
        left.withLock { left in
            left = max(left - 1, 0)
            return left
        }
    }
}
