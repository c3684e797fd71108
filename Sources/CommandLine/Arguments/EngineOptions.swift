// SPDX-License-Identifier: MIT
package import ArgumentParser
package import BitNetCore

/// How the stages run.
package struct EngineOptions: ParsableArguments {
    @OptionGroup package var stage: StageArguments

    @Option(
        name: [.customLong("parallel")],
        help: """
            Sequences at a time; by default as many as fit into memory, at most \(Limits.defaultSlotsMax).
            """)
    package var slotCount: Int?

    @OptionGroup package var reserve: ReserveArguments

    @Option(
        name: [.customLong("queue")],
        help: "Sequences that may wait for their turn; more are refused, by HTTP with status 429.")
    package var waitingMax = Limits.sequencesMax

    @Option(
        help: ArgumentHelp(
            "Tokens that are drafted ahead of a sequence at most, of what followed the same words in it before: saves time "
                + "and changes no text. 0 drafts none.",
            valueName: "n"))
    package var draftMax = 8

    @Option(help: "Seconds to wait for workers that are not up yet.")
    package var joinTimeout = 120

    @OptionGroup package var loss: LossArguments

    @Flag(help: "Take workers from a coordinator that holds them: its service ends.")
    package var takeOver = false

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
        guard (0...Limits.draftTokensMax).contains(draftMax) else {
            throw ValidationError("--draft-max must be 0...\(Limits.draftTokensMax)")
        }
        guard (1...86_400).contains(joinTimeout) else {
            throw ValidationError("--join-timeout must be 1...86400")
        }
    }

    /// - Parameters:
    ///   - bookDirectory: where measurements and what was chosen are kept; `nil` if nowhere.
    ///   - keepsSegments: whether the segments that are chosen are for later, too.
    /// - Throws: a usage error for what cannot be asked of the model; ``SegmentChoiceError``.
    package func request(
        of model: ModelDescription, bookDirectory: String?, keepsSegments: Bool = false
    ) throws -> PipelineRequest {
        var request = try stage.request(of: model, directory: bookDirectory, keepsSegments: keepsSegments)
        request.slotCount = slotCount
        request.waitingMax = waitingMax
        request.draftTokensMax = draftMax
        request.measures = placement == .time
        request.remeasures = remeasure
        request.joinTimeout = .seconds(joinTimeout)
        request.lossTimeout = loss.timeout
        request.takesOver = takeOver
        request.reserves = reserve.reserve
        request.bookDirectory = bookDirectory
        return request
    }
}

/// What layers are divided by.
package enum Placement: String, CaseIterable, ExpressibleByArgument, Sendable {
    case time
    case bytes
}
