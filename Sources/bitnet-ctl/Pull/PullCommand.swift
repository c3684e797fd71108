// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import CommandLine
import ModelHub

/// Brings a model here.
struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Fetches a model from a hub, as far as it is not here yet, and says where it is.",
        discussion: """
            Of a repository's files it takes the GGUF that is named behind the colon, by its name or by its \
            quantisation; without a name the only ternary GGUF there, else the safetensors with what belongs to them. \
            What was interrupted goes on where it stood; all files are compared with the hub's digests.

            The model is kept beside the converted weights (bitnet-ctl cache ls), and bitnet-coord finds it there by the \
            same name: bitnet-coord --local --model hf:OWNER/NAME.

            EXAMPLES
              bitnet-ctl pull microsoft/bitnet-b1.58-2B-4T-gguf
              bitnet-ctl pull microsoft/bitnet-b1.58-2B-4T-gguf:ggml-model-i2_s.gguf
              bitnet-ctl pull OWNER/NAME:TQ2_0 --mirror https://hub.example
              HF_TOKEN=hf_… bitnet-ctl pull OWNER/NAME@v1.0 --json
            """)

    @Argument(help: ArgumentHelp("The model.", valueName: "owner/name[@revision][:file]"))
    var model: String

    @OptionGroup(title: "Hub") var hub: HubOptions

    @Option(
        help: ArgumentHelp(
            "The --store-dir of a coordinator; by default where it keeps converted weights.",
            valueName: "dir"))
    var storeDir: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        do throws(HubError) { _ = try HubReference(parsing: model) } catch {
            throw ValidationError(error.message)
        }
    }

    func run() async throws {
        try await Program.run {
            let console = Console()
            let work = Task {
                let reference = try HubReference(parsing: model)
                let pull = try hub.pull(
                    store: storeDir ?? CacheDirectory.standard, readable: TensorType.ternaryNames)
                return try await HubClient.use(hub.settings(EnvironmentTwins.ofProcess)) { client in
                    try await pull.run(reference, by: client, show: { console.show($0) })
                }
            }
            let signals = Task {
                await Program.untilTerminated()
                work.cancel()
            }
            defer { signals.cancel() }
            let result = try await work.value
            console.write(json ? Self.json(result).encoded + "\n" : result.path + "\n")
        }
    }

    private static func json(_ result: ModelPull.Result) -> JSONValue {
        .object([
            ("repository", .text(result.reference.repository)),
            ("revision", .text(result.reference.revision)),
            ("path", .text(result.path)),
            ("bytes", .integer(Int(clamping: result.files.reduce(0) { $0 + $1.byteCount }))),
            ("fetched_bytes", .integer(Int(clamping: result.fetchedByteCount))),
            (
                "files",
                .list(
                    result.files.map {
                        .object([
                            ("path", .text($0.path)), ("bytes", .integer(Int(clamping: $0.byteCount))),
                            ("was_present", .flag($0.wasPresent)),
                        ])
                    })
            ),
        ])
    }
}
