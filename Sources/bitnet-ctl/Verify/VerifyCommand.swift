// SPDX-License-Identifier: MIT
import AdminAPI
import ArgumentParser
import BitNetCore
import BitNetEngine
import BitNetFormats
import BitNetTokenizer
import ClusterCoordinator
import CommandLine
import OperatorLogic
import OperatorReports
import TextGeneration

/// Whether a cluster writes what one process would.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compares a running cluster, bit for bit, with its model in one process.",
        discussion: """
            Loads the same model here, cut where the cluster is cut, has both write on from the same prompts, and \
            compares every token and log-probability; nothing may differ. Then it measures what the int8 hops at the \
            cuts cost: the perplexity of a text in the cluster against one process without cuts. It takes the memory \
            and the time of running the whole model on this machine.

            Exit status: 0 if both are identical, 1 if they differ, 2 if they could not be compared.

            EXAMPLES
              bitnet-ctl verify --model stories.gguf
              bitnet-ctl verify --model stories.gguf --prompts prompts.txt --text held-out.txt -n 64 --json

            BITNET_CTL_COORDINATOR, BITNET_CTL_GATEWAY, BITNET_CTL_API_KEY_FILE and BITNET_CTL_ADMIN_KEY_FILE stand \
            for the options of these names.
            """)

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The cluster's model: a GGUF file or Hugging Face directory.", valueName: "path"))
    var model: String

    @Option(help: ArgumentHelp("Prompts, a line each, instead of the built-in ones.", valueName: "file"))
    var prompts: String?

    @Option(
        help: ArgumentHelp(
            "Text whose perplexity is measured, instead of the built-in one.", valueName: "file"))
    var text: String?

    @Option(name: [.customShort("n"), .long], help: "Tokens to write for each prompt.")
    var nPredict = 32

    @Option(help: "Seed of the drawn tokens.")
    var seed: UInt64 = 1

    @OptionGroup var threads: ThreadArguments

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Cluster") var gateway: GatewayOptions
    @OptionGroup(title: "Coordinator") var admin: AdminOptions
    @OptionGroup(title: "Model") var modelArguments: ModelArguments

    func validate() throws {
        guard (1...Limits.contextMax).contains(nPredict) else {
            throw ValidationError("--n-predict must be 1...\(Limits.contextMax)")
        }
    }

    func run() async throws {
        try await Program.run {
            let console = Console()
            let subject = try await VerifySubject.read(admin)
            let file = try ModelFile(path: model, options: modelArguments.options)
            for warning in file.warnings { console.warn(warning) }
            try subject.check(file.description, path: model)
            let codec = TextCodec(tokenizer: try file.tokenizer(), template: nil)
            let cases = try cases(codec, subject)
            let textTokens = try codec.tokens(of: .text(text.map(TextFile.read) ?? VerifyTexts.text))
            let windows = PerplexityWindows(
                textTokens, length: PerplexityWindows.length(contextLength: subject.plan.contextLength))
            let run = VerifyRun(
                subject: subject, model: file, threads: threads.threads, console: console)
            let cluster = try await gateway.use(admin) { remote in
                try await run.cluster(GatewayModel(remote), cases, windows)
            }
            let report = VerifyComparison(
                subject: subject, cases: cases,
                textName: text?.split(separator: "/").last.map(String.init) ?? "the built-in text",
                tokenNames: windows.prompts.map { prompt in
                    prompt.dropFirst().map { TokenTrace.name(of: codec.bytes(of: $0)) }
                },
                windowLength: windows.length, cluster: cluster,
                local: try await run.local(cases, windows),
                uncut: try run.uncut(textTokens, windowLength: windows.length)
            ).report
            console.write(json ? try JSONDocument.text(report) + "\n" : report.text)
            if !report.isIdentical { throw ExitCode(1) }
        }
    }

    private func cases(_ codec: TextCodec, _ subject: VerifySubject) throws -> [VerifyCase] {
        var texts = VerifyTexts.prompts
        if let prompts {
            texts = try TextFile.read(prompts).split(whereSeparator: \.isNewline).map(String.init)
            guard !texts.isEmpty, texts.count <= Limits.verifiedPromptsMax else {
                throw RemoteError(
                    "\(prompts) must hold 1...\(Limits.verifiedPromptsMax) prompts, a line each")
            }
        }
        let limit = subject.plan.contextLength - 1
        let encoded = try texts.map { text in
            (text: text, tokens: Array(try codec.tokens(of: .text(text)).prefix(limit)))
        }
        return VerifyCase.cases(
            encoded.filter { !$0.tokens.isEmpty }, tokenCountMax: nPredict, seed: seed)
    }
}
