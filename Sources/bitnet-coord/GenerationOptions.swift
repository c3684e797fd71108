// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
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

    @Option(help: "Temperature; 0 always takes the most probable token.")
    var temp: Float = 0

    @Option(help: "Keep the K most probable tokens; 0 keeps all.")
    var topK: UInt32 = 0

    @Option(help: "Keep the most probable tokens whose probabilities add up to this.")
    var topP: Float = 1

    @Option(help: "Drop tokens less probable than this share of the most probable one.")
    var minP: Float = 0

    @Option(help: "Divide the scores of recent tokens by this; 1 is off.")
    var repeatPenalty: Float = 1

    @Option(help: "Recent tokens that --repeat-penalty looks at.")
    var repeatLastN: UInt32 = 64

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

    var sampling: SamplingParameters {
        var parameters = SamplingParameters()
        parameters.temperature = temp
        parameters.topK = topK
        parameters.topP = topP
        parameters.minP = minP
        parameters.repetitionPenalty = repeatPenalty
        parameters.repetitionWindow = repeatLastN
        parameters.presencePenalty = presencePenalty
        parameters.frequencyPenalty = frequencyPenalty
        parameters.biases = logitBias
        parameters.seed = seed
        parameters.wantsLogProbabilities = logprobs
        return parameters
    }
}
