// SPDX-License-Identifier: MIT
import Testing

extension EndToEnd {
    /// Options, their environment twins, and exit codes.
    @Suite struct CommandLine {
        private let local = [
            "--local", "--model", Programs.model, "--json", "--ignore-eos", "--prompt", "One",
        ]

        @Test(arguments: ["bitnet-coord", "bitnet-worker", "bitnet-ctl"])
        func `help ends well and shows examples`(program: String) async throws {
            let process = try ChildProcess(program, ["--help"])
            #expect(try await process.untilEnd() == .exited(0))
            #expect(process.output.contains("EXAMPLES"))
            #expect(process.output.contains("  \(program) "))
        }

        @Test(arguments: ["bitnet-coord", "bitnet-worker", "bitnet-ctl"])
        func `every program tells its release, whatever the environment says of one`(
            program: String
        ) async throws {
            let name = program.uppercased().replacing("-", with: "_") + "_VERSION"
            let process = try ChildProcess(program, ["--version"], environment: [name: "7"])
            #expect(try await process.untilEnd() == .exited(0))
            #expect(
                process.output.firstMatch(of: /^bitnet-coord \d+\.\d+\.\d+\n$/) != nil, "\(process.output)")
        }

        @Test func `a worker that others reach wants a key, and says once how to make one`() async throws {
            let directory = try TemporaryDirectory()
            let process = try ChildProcess(
                "bitnet-worker", ["--listen", "0.0.0.0:0", "--data-dir", directory.path(of: "data")])
            #expect(try await process.untilEnd() == .exited(64))
            #expect(
                process.diagnostics.split(separator: "make one with").count == 2, "\(process.diagnostics)")
        }

        @Test func `an option may come from the environment and the command line wins`() async throws {
            let environment = ["BITNET_COORD_N_PREDICT": "5"]
            let five = try await CoordinatorRun.finished(local, environment: environment)
            #expect(try five.answers().first?.tokens.count == 5)
            let three = try await CoordinatorRun.finished(local + ["-n", "3"], environment: environment)
            #expect(try three.answers().first?.tokens.count == 3)
        }

        @Test func `biases and penalties change what is written`() async throws {
            func ids(_ options: [String]) async throws -> [UInt32] {
                let run = try await CoordinatorRun.finished(local + ["-n", "48"] + options)
                return try run.answers().first?.tokens.map(\.id) ?? []
            }
            for form in ["585+100", "585=100"] {
                #expect(try await ids(["--logit-bias", form]) == [UInt32](repeating: 585, count: 48))
            }
            let plain = try await ids([])
            let first = try #require(plain.first)
            #expect(try await !ids(["--logit-bias", "\(first)-100"]).contains(first))
            func mostOften(_ ids: [UInt32]) -> Int {
                Dictionary(grouping: ids) { $0 }.values.map(\.count).max() ?? 0
            }
            let varied = try await ids(["--presence-penalty", "2", "--frequency-penalty", "1"])
            #expect(mostOften(varied) < mostOften(plain))
            let repeated = try await ids(["--presence-penalty", "-2", "--frequency-penalty", "-2"])
            #expect(mostOften(repeated) > mostOften(plain))
        }

        @Test(arguments: [
            [], ["--local"], ["--shards", "a.yaml", "--local", "--model", "b"],
            ["--cuts", "3", "--shards", "a"],
            ["--cuts", "none", "--segment-layers", "2", "--local", "--model", "a"],
            ["--segment-layers", "0", "--shards", "a"],
            ["--segment-layers", "1025", "--shards", "a"],
            ["--local", "--model", "m", "--temp", "-1"], ["--local", "--model", "m", "--parallel", "0"],
            ["--local", "--model", "m", "--nonsense"], ["--local", "--model", "m", "--cache-type", "f8"],
            ["--local", "--model", "m", "--kernels", "dot4"],
            ["--local", "--model", "m", "--presence-penalty", "-2.1"],
            ["--local", "--model", "m", "--logit-bias", "7"],
            ["--local", "--model", "m", "--logit-bias", "seven=1"],
            ["--local", "--model", "m", "--logit-bias", "7+"],
            ["--local", "--model", "m", "--logit-bias", "7+100.5"],
            ["--local", "--model", "m", "--logit-bias", "7+1", "--logit-bias", "7=2"],
        ])
        func `wrong usage of the coordinator ends with 64`(arguments: [String]) async throws {
            let run = try await CoordinatorRun.finished(arguments)
            #expect(run.status == 64, "\(run)")
            #expect(run.errorLine.hasPrefix("Error: "), "\(run)")
            #expect(run.output.isEmpty)
        }

        @Test(arguments: [
            [], ["--listen", "127.0.0.1:0"], ["--listen", "127.0.0.1:0", "--data-dir", "d", "--isa", "mmx"],
            ["--listen", "127.0.0.1:0", "--data-dir", "d", "--kernels", "fast"],
        ])
        func `wrong usage of the worker ends with 64`(arguments: [String]) async throws {
            let process = try ChildProcess("bitnet-worker", arguments)
            #expect(try await process.untilEnd() == .exited(64))
        }

        @Test func `a worker says what is wrong with its address, its memory and its key`() async throws {
            let directory = try TemporaryDirectory()
            let data = ["--data-dir", directory.path(of: "data")]
            let short = try directory.write("too short", to: "short.key")
            let taken = try await RunningWorker.start("taken", in: directory)
            let cases = [
                (["--listen", "7101"], "HOST:PORT"),
                (["--listen", "127.0.0.1:0", "--memory", "lots"], "“lots” is not a size"),
                (["--listen", "127.0.0.1:0", "--key-file", short], "this one has 9"),
                (["--listen", "127.0.0.1:0", "--key-file", directory.path(of: "absent")], "absent"),
                (["--listen", taken.address], "cannot listen on \(taken.address)"),
            ]
            for (arguments, words) in cases {
                let process = try ChildProcess("bitnet-worker", arguments + data)
                #expect(try await process.untilEnd() == .exited(2), "\(arguments)")
                #expect(process.diagnostics.contains(words), "\(arguments): \(process.diagnostics)")
            }
        }
    }
}
