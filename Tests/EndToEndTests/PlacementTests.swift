// SPDX-License-Identifier: MIT
import Testing

extension EndToEnd {
    /// Which worker gets which layers.
    @Suite struct Placement {
        @Test func `layers that the file gives are taken as they are, however uneven`() async throws {
            let cluster = try await TestCluster(count: 3)
            cluster.assign("0-0", "1-7", "8-8")
            let run = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
            #expect(run.cuts == "1,8")
            #expect(try await run.answers() == Reference.shared.greedy())

            // The file's order is not the pipeline's.
            cluster.assign("5-8", "2-4", "0-1")
            let turned = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
            #expect(try await turned.answers() == Reference.shared.greedy())
        }

        @Test func `layers with a gap, an overlap or beyond the model are refused`() async throws {
            let cluster = try await TestCluster(count: 2)
            for (first, second, named) in [("0-3", "5-8", "4"), ("0-4", "4-8", "4"), ("0-4", "5-9", "8")] {
                cluster.assign(first, second)
                let run = try await cluster.run(["--prompt", "One"])
                #expect(run.status == 2)
                #expect(run.errorLine.contains(named), "\(run)")
                #expect(run.errorLine.contains("w0") || run.errorLine.contains("w1"), "\(run)")
            }
            cluster.assign("0-3", "4-8")
            #expect(try await cluster.run(["--prompt", "One", "-n", "2"]).status == 0)
        }

        @Test(arguments: [true, false])
        func `a model that does not fit is refused with the bytes that are missing`(
            capIsWorkers: Bool
        ) async throws {
            let cap = ["--memory", "100KiB"]
            let cluster = try await TestCluster(options: capIsWorkers ? [cap, cap] : [[], []])
            if !capIsWorkers { for index in 0..<2 { cluster.file.workers[index].memory = "100KiB" } }
            let run = try await cluster.run(["--prompt", "One"])
            #expect(run.status == 2)
            #expect(run.errorLine.firstMatch(of: /worker w[01] .*: \d+ bytes short/) != nil, "\(run)")
            #expect(run.errorLine.contains("may use 100.0 KiB"), "\(run)")
            #expect(run.errorLine.contains("--ctx-size"), "\(run)")
        }

        @Test func `a worker with little memory gets fewer layers`() async throws {
            let cluster = try await TestCluster(count: 2)
            let whole = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
            let cut = try #require(Int(whole.cuts))
            cluster.file.workers[1].memory = "2500KiB"
            let capped = try await cluster.run(
                EndToEnd.greedy + ["--ctx-size", "128", "--parallel", "1", "--prefill-chunk", "8"],
                input: EndToEnd.prompts)
            #expect(try await capped.answers() == Reference.shared.greedy())
            #expect(try #require(Int(capped.cuts)) >= cut)
        }
    }
}
