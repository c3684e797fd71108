// SPDX-License-Identifier: MIT
import Testing

extension EndToEnd {
    /// A cluster writes what one process with the same cuts writes, to the last bit of every log-probability.
    @Suite struct ExactText {
        @Test func `three workers write what one process writes and get their weights only once`()
            async throws
        {
            let cluster = try await TestCluster.three()
            let first = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
            let reference = try await Reference.shared.greedy()
            #expect(first.cuts == "3,6")
            #expect(try first.answers() == reference)
            #expect(reference.map(\.prompt) == ["Once upon a time", "One rainy afternoon Lily"])
            #expect(reference.allSatisfy { $0.tokens.count == 24 && $0.finishReason == "length" })
            #expect(first.shippedByteCount == cluster.storedByteCount)

            let second = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
            #expect(try second.answers() == reference)
            #expect(second.shippedByteCount == 0)
            for worker in cluster.workers {
                #expect(second.diagnostics.contains("ship \(worker.name) "))
            }
            #expect(second.diagnostics.contains("0 bytes sent"))
        }

        @Test(arguments: [1, 2, 9])
        func `any number of workers writes what one process with its cuts writes`(count: Int) async throws {
            let cluster = try await TestCluster(count: count)
            let run = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
            #expect(run.cuts.split(separator: ",").count == count - 1)
            #expect(try await run.answers() == Reference.shared.greedy())
        }

        @Test func `segments decide what is written, wherever they are, until others are asked for`()
            async throws
        {
            let store = try TemporaryDirectory()
            let options = EndToEnd.greedy + ["--store-dir", store.path]
            let segments = ["--segment-layers", "4"]
            let usual = try await Reference.shared.greedy()
            let alone = try await Reference.shared.answers(
                options + segments + ["--cuts", "4,8"], EndToEnd.prompts)
            #expect(alone != usual)
            let cluster = try await TestCluster(count: 2)
            let first = try await cluster.run(options + segments, input: EndToEnd.prompts)
            #expect(["4", "8"].contains(first.cuts), "\(first)")
            #expect(try first.answers() == alone)
            // As it was chosen, with fewer workers too.
            let kept = try await CoordinatorRun.finished(
                ["--local", "--model", Programs.model, "--threads", "1"] + options, input: EndToEnd.prompts)
            #expect(try kept.answers() == alone)
            let other = try await cluster.run(
                options + ["--segment-layers", "1"], input: EndToEnd.prompts)
            #expect(try other.answers() == usual)
            let again = try await cluster.run(options, input: EndToEnd.prompts)
            #expect(try again.answers() == usual)
        }

        @Test func `prefill chunks, cache room and draws change no bit`() async throws {
            let cluster = try await TestCluster.three()
            let reference = try await Reference.shared.greedy()
            for chunk in ["1", "7", "64"] {
                let run = try await cluster.run(
                    EndToEnd.greedy + ["--prefill-chunk", chunk], input: EndToEnd.prompts)
                #expect(try run.answers() == reference, "chunk \(chunk)")
            }
            let narrow = try await cluster.run(
                EndToEnd.greedy + ["--ctx-size", "64", "--parallel", "1"], input: EndToEnd.prompts)
            #expect(try narrow.answers() == reference)

            let sampled = try await cluster.run(EndToEnd.sampled, input: EndToEnd.prompts).answers()
            #expect(
                try await sampled == Reference.shared.answers(EndToEnd.sampled, EndToEnd.prompts)
            )
            #expect(sampled != reference)

            for type in ["f32", "int8"] {
                let options = EndToEnd.greedy + ["--cache-type", type]
                let found = try await cluster.run(options, input: EndToEnd.prompts).answers()
                let expected = try await Reference.shared.answers(options, EndToEnd.prompts)
                #expect(found == expected, "\(type)")
            }
        }

        @Test(arguments: [EndToEnd.plain, EndToEnd.greedy, EndToEnd.sampled])
        func `biases and penalties reach the last stage and change no bit on the way`(
            _ options: [String]
        ) async throws {
            let changes = [
                "--logit-bias", "585+4.5", "--logit-bias", "366-100", "--presence-penalty", "1.5",
                "--frequency-penalty", "-0.25", "--repeat-penalty", "1.1",
            ]
            let cluster = try await TestCluster.three()
            let found = try await cluster.run(options + changes, input: EndToEnd.prompts).answers()
            let expected = try await Reference.shared.answers(options + changes, EndToEnd.prompts)
            #expect(found == expected)
            let plain = try await Reference.shared.answers(options, EndToEnd.prompts)
            #expect(found.map(\.text) != plain.map(\.text))
            #expect(!found.flatMap(\.tokens).contains { $0.id == 366 })
        }

        @Test func `instruction sets, products and numbers of threads write the same, also mixed`()
            async throws
        {
            let sets = try await runnableInstructionSets()
            try #require(sets.contains("scalar"))
            let reference = try await Reference.shared.greedy()
            let uniform = sets.map { set in ["1", "2", "1"].map { ["--isa", set, "--threads", $0] } }
            let mixed = (0..<3).map { ["--isa", sets[$0 % sets.count], "--threads", "\($0 % 2 + 1)"] }
            let products = ["add-only", "dot8", "auto"].map { ["--kernels", $0] }
            for options in uniform + [mixed, products] {
                let cluster = try await TestCluster.three(options: options)
                let run = try await cluster.run(EndToEnd.greedy, input: EndToEnd.prompts)
                #expect(try run.answers() == reference, "\(options)")
            }
        }

        /// Asks the worker itself: it refuses kernels that this machine cannot run.
        private func runnableInstructionSets() async throws -> [String] {
            var sets: [String] = []
            for set in ["scalar", "avx2", "avx512bw", "avx512", "neon", "neon-dot"] {
                do {
                    _ = try await RunningWorker.start(
                        "probe", in: TemporaryDirectory(), options: ["--isa", set])
                    sets.append(set)
                } catch let error as TestError {
                    try #require(error.description.contains("(exited(2))"), "\(error)")
                    #expect(error.description.contains("cannot run the \(set) kernels"))
                }
            }
            return sets
        }
    }
}
