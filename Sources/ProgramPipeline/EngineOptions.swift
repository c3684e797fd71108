// SPDX-License-Identifier: MIT
package import ArgumentParser
package import BitNetCore
package import BitNetEngine
package import ClusterCoordinator
import ClusterPlanning

/// How the stages run.
package struct EngineOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Tokens that a sequence may hold; the model's context by default.")
    package var ctxSize: Int?

    @Option(
        name: [.customLong("parallel")],
        help:
            "Sequences at a time; by default as many as fit into memory, at most \(Limits.defaultSlotsMax).")
    package var slotCount: Int?

    @Option(
        name: [.customLong("queue")],
        help: "Sequences that may wait for their turn; more are refused, by HTTP with status 429.")
    package var waitingMax = Limits.sequencesMax

    @Option(help: "KV cache: f32, f16 or int8.")
    package var cacheType = CacheType.f16

    @Option(
        help: """
            Output head: fast finds the same tokens by an int8 copy, for a byte more a value; exact does without.
            """)
    package var head = HeadType.fast

    @Option(help: "Prompt tokens that travel in one step.")
    package var prefillChunk = 64

    @Option(name: .shortAndLong, help: "With --local: compute threads in all, shared out over the stages.")
    package var threads: Int?

    @Option(help: "With --local: kernels, auto, scalar, avx2, avx512bw, avx512, neon or neon-dot.")
    package var isa = KernelChoice.auto

    @Option(
        name: .customLong("kernels"),
        help: """
            With --local: products, add-only, dot8 for the integer dot product, or auto for add-only with one token and \
            whichever is faster with more.
            """)
    package var kernelMode = KernelMode.auto

    @Option(help: "Seconds to wait for workers that are not up yet.")
    package var joinTimeout = 120

    @Option(
        help: """
            How layers are divided among workers: time measures workers and links (once, two seconds), bytes takes all \
            for equally fast.
            """)
    package var placement = Placement.time

    @Flag(help: "Measure workers and links again instead of using what is known.")
    package var remeasure = false

    package init() {}

    package func validate() throws {
        guard slotCount.map((1...Limits.slotsMax).contains) ?? true else {
            throw ValidationError("--parallel must be 1...\(Limits.slotsMax)")
        }
        guard (0...Limits.sequencesMax).contains(waitingMax) else {
            throw ValidationError("--queue must be 0...\(Limits.sequencesMax)")
        }
        guard (1...Limits.stepTokensMax / 2).contains(prefillChunk) else {
            throw ValidationError("--prefill-chunk must be 1...\(Limits.stepTokensMax / 2)")
        }
        guard ctxSize.map({ $0 > 0 }) ?? true else { throw ValidationError("--ctx-size must be above 0") }
        guard (1...86_400).contains(joinTimeout) else {
            throw ValidationError("--join-timeout must be 1...86400")
        }
    }

    package var request: ClusterRequest {
        var request = ClusterRequest()
        request.slotCount = slotCount
        request.contextLength = ctxSize
        request.cacheType = cacheType
        request.prefillChunk = prefillChunk
        request.headType = head
        request.measures = placement == .time
        request.remeasures = remeasure
        request.joinTimeout = .seconds(joinTimeout)
        return request
    }
}

extension CacheType: ExpressibleByArgument {}
extension HeadType: ExpressibleByArgument {}
extension KernelChoice: ExpressibleByArgument {}
extension KernelMode: ExpressibleByArgument {}

/// What layers are divided by.
package enum Placement: String, CaseIterable, ExpressibleByArgument, Sendable {
    case time
    case bytes
}
