// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import CommandLine

/// What to write and how to choose tokens.
struct GenerationOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Prompt; “-” reads it from standard input.", valueName: "text"))
    var prompt: String?

    @Option(
        help: ArgumentHelp(
            "Answer each line of this file; “-” is standard input. With --chat they are one conversation.",
            valueName: "file"))
    var prompts: String?

    @Option(name: [.customShort("n"), .long], help: "Tokens to generate at most.")
    var nPredict = 128

    @Option(
        help:
            "Temperature; 0 always takes the most probable token. By default the model file's, or 0; serving, 1."
    )
    var temp: Float?

    @Option(help: "Keep the K most probable tokens; 0 keeps all. By default the model file's, or 0.")
    var topK: UInt32?

    @Option(
        help:
            "Keep the most probable tokens whose probabilities add up to this; by default the model file's, or 1."
    )
    var topP: Float?

    @Option(
        help:
            "Drop tokens less probable than this share of the most probable one; by default the model file's, or 0."
    )
    var minP: Float?

    @Option(
        help: "Divide the scores of recent tokens by this; by default the model file's, or 1, which is off.")
    var repeatPenalty: Float?

    @Option(help: "Recent tokens that --repeat-penalty looks at; by default the model file's, or 64.")
    var repeatLastN: UInt32?

    @Option(
        parsing: .unconditional,
        help: "Take this from the score of every token that was generated already; -2...2, 0 is off.")
    var presencePenalty: Float = 0

    @Option(
        parsing: .unconditional,
        help: "Take this from a token's score each time that it was generated; -2...2, 0 is off.")
    var frequencyPenalty: Float = 0

    @Option(
        help: ArgumentHelp(
            "Add to one token's score, -100...100: 15043+1, 15043-100 or 15043=1; may be repeated.",
            valueName: "token±value"))
    var logitBias: [TokenBias] = []

    @Option(help: "Seed of every draw; the same seed writes the same text.")
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Stop before this text appears; may be repeated.", valueName: "text"))
    var stop: [String] = []

    @Flag(help: "Go on after the end-of-text token.")
    var ignoreEos = false

    @Flag(help: "Print one JSON object for each prompt: text, token ids, timings.")
    var json = false

    @Flag(help: "Work out the log-probability of every token, for --json; takes the exact head.")
    var logprobs = false

    /// What is said where the model's file may recommend something.
    private var asked: SamplingDefaults {
        var asked = SamplingDefaults()
        asked.temperature = temp
        asked.topK = topK
        asked.topP = topP
        asked.minP = minP
        asked.repetitionPenalty = repeatPenalty
        asked.repetitionWindow = repeatLastN
        return asked
    }

    /// How tokens are chosen where a request does not say it: as these options have it, and else the model's file.
    func defaults(of model: ModelFile) -> SamplingDefaults { asked.over(model.samplingDefaults) }

    /// - Parameter recommended: what the model's file says.
    func sampling(recommended: SamplingDefaults = .init()) -> SamplingParameters {
        var parameters = SamplingParameters()
        asked.over(recommended).apply(to: &parameters)
        parameters.presencePenalty = presencePenalty
        parameters.frequencyPenalty = frequencyPenalty
        parameters.biases = logitBias
        parameters.seed = seed
        parameters.wantsLogProbabilities = logprobs
        return parameters
    }
}
