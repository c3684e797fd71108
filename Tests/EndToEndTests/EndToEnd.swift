// SPDX-License-Identifier: MIT
import Testing

/// The built programs, run as a user runs them: processes, sockets, files.
///
/// One test after the other, as each starts several processes.
@Suite(.serialized)
enum EndToEnd {
    static let prompts = "Once upon a time\nOne rainy afternoon Lily\n"
    /// Tokens only, which the fast head finds.
    static let plain = ["--json", "-n", "24", "--ignore-eos"]
    static let draws = ["--temp", "0.8", "--seed", "7", "--top-k", "40"]
    static let greedy = plain + ["--logprobs"]
    static let sampled = greedy + draws
    /// Goes on for seconds, so that something can happen meanwhile.
    static let long = ["--prompt", "One day", "-n", "900", "--ignore-eos", "--ctx-size", "1024"]
}
