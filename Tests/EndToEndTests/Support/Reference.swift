// SPDX-License-Identifier: MIT

/// What one process writes: the text that every cluster must write too, wherever its layers are.
actor Reference {
    private struct Question: Hashable {
        let options: [String]
        let input: String
    }

    static let shared = Reference()

    private var known: [Question: [Answer]] = [:]

    /// The answers of `bitnet-coord --local`; runs once for each question.
    func answers(_ arguments: [String], _ input: String) async throws -> [Answer] {
        let question = Question(options: arguments, input: input)
        if let answers = known[question] { return answers }
        let run = try await CoordinatorRun.finished(
            ["--local", "--model", Programs.model, "--threads", "1"] + question.options, input: input)
        let answers = try run.answers()
        known[question] = answers
        return answers
    }

    /// The greedy answers to the prompts that most tests give.
    func greedy() async throws -> [Answer] {
        try await answers(EndToEnd.greedy, EndToEnd.prompts)
    }
}
