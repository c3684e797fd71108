// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import CommandLine

@main
struct BitNetCtl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bitnet-ctl",
        abstract: "Looks after running clusters, looks into models, and makes models to try them with.",
        discussion: """
            EXAMPLES
              bitnet-ctl init srv-a srv-b srv-c --model hf:OWNER/NAME
              bitnet-ctl status
              bitnet-ctl top
              bitnet-ctl chat
              bitnet-ctl verify --model cluster/model/stories.gguf
              bitnet-ctl pull OWNER/NAME
              bitnet-ctl inspect cluster/model/stories.gguf
              bitnet-ctl plan --shards cluster/local-3.yaml
              bitnet-ctl doctor --shards cluster/local-3.yaml
              bitnet-ctl perplexity cluster/model/held-out.txt --model cluster/model/stories.gguf --cuts 3,6
              bitnet-ctl tokenize --model cluster/model/stories.gguf < story.txt
              bitnet-ctl bench kernels --quick
              bitnet-ctl bench model cluster/model/stories.gguf
              bitnet-ctl synth 2b-4t --type tq2_0 --out 2b-4t.gguf
              bitnet-ctl cache ls --data-dir /var/lib/bitnet

            Shells complete commands and options after
              bitnet-ctl --generate-completion-script bash > ~/.local/share/bash-completion/completions/bitnet-ctl
            with zsh or fish instead of bash and a file where those look; bitnet-coord and bitnet-worker can do the same, \
            and cluster/manuals writes all of them and the manual pages.
            """,
        version: Build.name,
        groupedSubcommands: [
            CommandGroup(
                name: "Running clusters",
                subcommands: [
                    InitCommand.self, StatusCommand.self, TopCommand.self, EventsCommand.self,
                    DrainCommand.self,
                    ReplanCommand.self, ChatCommand.self, VerifyCommand.self, DoctorCommand.self,
                ]),
            CommandGroup(
                name: "Models and machines",
                subcommands: [
                    PullCommand.self, InspectCommand.self, PlanCommand.self, PerplexityCommand.self,
                    TokenizeCommand.self,
                    BenchCommand.self, SynthCommand.self, CacheCommand.self, CertsCommand.self,
                ]),
        ])

    static func main() async {
        Program.prepare()
        await main(RemoteTwins.apply(to: Array(CommandLine.arguments.dropFirst())))
    }
}
