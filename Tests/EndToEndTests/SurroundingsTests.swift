// SPDX-License-Identifier: MIT
import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// What a program finds where it runs: streams that nobody reads, signals, variables, a home.
    @Suite struct Surroundings {
        private static let serving = ["--local", "--model", Programs.model, "--no-store"]

        @Test
        func `a log that nobody reads does not stop the service, and the lines that are missing are counted`()
            async throws
        {
            let directory = try TemporaryDirectory()
            let pipe = directory.path(of: "log")
            mkfifo(pipe, 0o600)
            // Open at both ends, and never read.
            let reader = open(pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC)
            defer { close(reader) }
            // As little as the system lets it hold; F_SETPIPE_SZ is not seen from here.
            let setPipeSize: Int32 = 1031
            _ = fcntl(reader, setPipeSize, 4096)
            let port = try LocalSocket.freePort()
            let admin = try LocalSocket.freePort()
            let process = try ChildProcess(
                "bitnet-coord",
                Self.serving + [
                    "--port", "\(port)", "--admin", "127.0.0.1:\(admin)", "--log-level", "debug",
                    "--log-format", "json",
                ], diagnosticsPath: pipe)
            let run = ServingRun(
                process, gateway: "http://127.0.0.1:\(port)", admin: "http://127.0.0.1:\(admin)")
            try await run.until("an answer") { (try? await run.get(run.gateway + "/ready").status) == 200 }
            // A request's line has some hundred bytes, which its identifier makes a thousand.
            let identifier = ["X-Request-Id": String(repeating: "x", count: 120)]
            var droppedCount = 0
            try await run.until("lost lines") {
                for _ in 0..<200 {
                    let path = "/v1/" + String(repeating: "y", count: 4000)
                    #expect(try await run.get(run.gateway + path, headers: identifier).status == 404)
                }
                let text = try await run.get(run.admin + "/metrics").text
                let line = text.split(separator: "\n").first {
                    $0.hasPrefix("bitnet_log_lines_dropped_total ")
                }
                droppedCount = line.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
                return droppedCount > 0
            }
            #expect(try await run.stop() == .exited(0))
        }

        @Test func `a worker outlives SIGHUP and says so`() async throws {
            let worker = try await RunningWorker.start("w", in: TemporaryDirectory())
            worker.process.signal(SIGHUP)
            try await worker.process.until("a word") { worker.process.diagnostics.contains("SIGHUP") }
            worker.process.signal(SIGTERM)
            #expect(try await worker.process.untilEnd() == .exited(0))
        }

        @Test func `a worker keeps its descriptors to itself`() async throws {
            let directory = try TemporaryDirectory()
            let worker = try await RunningWorker.start("w", in: directory)
            #expect(worker.process.inheritableDescriptors.isEmpty)
            // Also those of a connection.
            var file = ClusterFileBuilder()
            file.workers = [.init(name: "w", address: worker.address)]
            let run = try CoordinatorRun(
                ["--shards", file.write(in: directory), "--prompt", "One", "-n", "900", "--ignore-eos"])
            try await run.untilGenerating(prompt: "One")
            #expect(worker.process.inheritableDescriptors.isEmpty)
            #expect(try await run.finish().status == 0)
        }

        @Test func `a closed standard error is no error`() async throws {
            let process = try ChildProcess(
                "bitnet-coord", Self.serving + ["--prompt", "One", "-n", "4"], diagnosticsPath: "")
            #expect(try await process.untilEnd() == .exited(0))
            #expect(process.output.hasPrefix("One"))
        }

        @Test(arguments: [
            ("bitnet-coord", serving + ["--prompt", "One", "-n", "4"]),
            ("bitnet-coord", serving + ["--prompt", "One", "-n", "4", "--json"]),
            ("bitnet-ctl", ["inspect", Programs.model]),
        ])
        func `an output that is not taken is an error, unless its reader has what he wants`(
            program: String, arguments: [String]
        ) async throws {
            let full = try ChildProcess(program, arguments, outputPath: "/dev/full")
            #expect(try await full.untilEnd() == .exited(2))
            let line = full.diagnostics.split(separator: "\n").last ?? ""
            #expect(line.hasPrefix("error: cannot write to standard output: "), "\(full.diagnostics)")

            let directory = try TemporaryDirectory()
            let pipe = directory.path(of: "pipe")
            mkfifo(pipe, 0o600)
            let reader = open(pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC)
            let unread = try ChildProcess(program, arguments, outputPath: pipe)
            close(reader)
            #expect(try await unread.untilEnd() == .exited(128 + SIGPIPE))
            #expect(!unread.diagnostics.contains("error"), "\(unread.diagnostics)")
        }

        @Test func `a flag's variable that cannot be meant is refused by its own name`() async throws {
            let run = try await CoordinatorRun.finished(
                Self.serving + ["--prompt", "One"], environment: ["BITNET_COORD_JSON": "maybe"])
            #expect(run.status == 64)
            #expect(run.diagnostics.contains("BITNET_COORD_JSON is “maybe”"), "\(run)")
        }

        @Test func `an empty variable does not open the service`() async throws {
            let process = try ChildProcess(
                "bitnet-coord",
                Self.serving + ["--host", "0.0.0.0", "--port", "0", "--admin", "127.0.0.1:0"],
                environment: ["BITNET_COORD_NO_API_KEY": ""])
            #expect(try await process.untilEnd() == .exited(64))
            #expect(process.diagnostics.contains("--api-key-file"))
        }

        @Test func `variables of a service with the program's name change nothing`() async throws {
            let run = try await CoordinatorRun.finished(
                Self.serving + ["--prompt", "One", "-n", "4"],
                environment: [
                    "BITNET_COORD_PORT": "tcp://10.0.0.1:8080", "BITNET_COORD_SERVICE_HOST": "10.0.0.1",
                    "BITNET_COORD_PORT_8080_TCP_ADDR": "10.0.0.1", "BITNET_COORD_CTXSIZE": "8",
                ])
            #expect(run.status == 0, "\(run)")
            #expect(
                run.diagnostics.contains("BITNET_COORD_CTXSIZE means nothing here; is BITNET_COORD_CTX_SIZE"))
        }

        @Test func `without a home nothing is kept, and that is said`() async throws {
            let process = try ChildProcess(
                "bitnet-coord", ["--local", "--model", Programs.model, "--prompt", "One", "-n", "4"],
                environment: ["HOME": nil, "XDG_CACHE_HOME": nil])
            #expect(try await process.untilEnd() == .exited(0))
            #expect(process.diagnostics.contains("neither HOME nor XDG_CACHE_HOME"))
        }

        @Test func `a home where nothing can be written is said, and the rest goes on`() async throws {
            let process = try ChildProcess(
                "bitnet-coord", ["--local", "--model", Programs.model, "--prompt", "One", "-n", "4"],
                environment: ["HOME": "/proc", "XDG_CACHE_HOME": nil])
            #expect(try await process.untilEnd() == .exited(0))
            #expect(
                process.diagnostics.contains("converted weights are not kept: cannot make directory /proc"))
        }
    }
}
