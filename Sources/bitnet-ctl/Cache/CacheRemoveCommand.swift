// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import CommandLine
import ModelHub

/// Removes a model that came from a hub.
struct CacheRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Removes a model that came from a hub, or one of its files; partial ones too.",
        discussion: """
            Converted weights stay (bitnet-ctl cache gc): with them a coordinator starts, but it opens the model's file \
            as well.

            EXAMPLES
              bitnet-ctl cache rm microsoft/bitnet-b1.58-2B-4T-gguf
              bitnet-ctl cache rm OWNER/NAME:model-TQ2_0.gguf --json
            """)

    @Argument(help: ArgumentHelp("The model, as bitnet-ctl pull takes it.", valueName: "owner/name[:file]"))
    var model: String

    @Option(
        help: ArgumentHelp(
            "The --store-dir of a coordinator; by default where it keeps converted weights.",
            valueName: "dir"))
    var storeDir: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Program.run {
            guard let store = storeDir ?? CacheDirectory.standard else {
                throw ValidationError("there is no home directory; give --store-dir")
            }
            let removed = try HubFolder(store: store).remove(HubReference(parsing: model))
            guard json else {
                let lines = removed.paths.map { "removed \(PrintableText.line($0))\n" }
                return Console().write(
                    lines.joined() + "\(ByteCount.text(removed.byteCount)) are free again\n")
            }
            let object = JSONValue.object([
                ("removed", .list(removed.paths.map { .text($0) })),
                ("bytes", .integer(Int(clamping: removed.byteCount))),
            ])
            Console().write(object.encoded + "\n")
        }
    }
}
