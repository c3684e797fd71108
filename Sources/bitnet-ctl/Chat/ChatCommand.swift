// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import CommandLine
import Glibc

/// A conversation with a cluster.
struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Talks with a cluster's model through its gateway.",
        discussion: """
            Reads messages from the terminal, or a message a line from standard input; with “-” all of standard input \
            is one message. Answers go to standard output as they are written, everything else to standard error. \
            Ctrl-C ends an answer, at the prompt the program; /help lists what else there is.

            EXAMPLES
              bitnet-ctl chat
              bitnet-ctl chat "Who are you?" -n 100
              bitnet-ctl chat - --system "Summarise in one sentence." < report.txt
              bitnet-ctl chat --gateway http://10.0.0.1:8080/v1 --api-key-file api.key --temp 0.7

            BITNET_CTL_COORDINATOR, BITNET_CTL_GATEWAY, BITNET_CTL_API_KEY_FILE and BITNET_CTL_ADMIN_KEY_FILE stand \
            for the options of these names.
            """)

    @Argument(help: ArgumentHelp("One message to answer; “-” is standard input.", valueName: "message"))
    var message: String?

    @Option(help: ArgumentHelp("What the model is told before the first message.", valueName: "text"))
    var system: String?

    @Option(
        name: [.customShort("n"), .long],
        help: "Tokens of an answer at most; the gateway's own limit by default.")
    var nPredict: Int?

    @Option(help: "Temperature; 0 always takes the most probable token. The gateway's own by default.")
    var temp: Double?

    @Option(help: "Keep the most probable tokens whose probabilities add up to this.")
    var topP: Double?

    @Option(help: "Seed of every draw; the same seed writes the same text.")
    var seed: UInt64?

    @OptionGroup(title: "Cluster") var gateway: GatewayOptions
    @OptionGroup(title: "Coordinator") var admin: AdminOptions

    func validate() throws {
        guard nPredict.map({ $0 > 0 }) ?? true else { throw ValidationError("--n-predict must be above 0") }
        guard temp.map({ $0.isFinite && $0 >= 0 }) ?? true else {
            throw ValidationError("--temp must be 0 or above")
        }
        guard topP.map({ $0 > 0 && $0 <= 1 }) ?? true else {
            throw ValidationError("--top-p must be above 0 and at most 1")
        }
    }

    func run() async throws {
        try await Program.run {
            let console = Console()
            try await gateway.use(admin) { remote in
                let request = ChatCompletionRequest(
                    model: try await GatewayModel(remote).id, messages: [], maxTokens: nPredict,
                    temperature: temp, topP: topP, seed: seed
                )
                let talk = ChatTalk(
                    answerer: ChatAnswerer(remote: remote, request: request, console: console),
                    console: console, isInteractive: isatty(STDIN_FILENO) == 1 && message == nil)
                guard try await talk.run(system: system, message: message) else { throw Program.failed }
            }
        }
    }
}
