// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import ClusterConfig
import ClusterCoordinator
import ClusterPlanning
import ClusterTransport
import ClusterWire
import ClusterWorker
import CommandLine
import Glibc
import OperatorReports

/// Whether the machines of a cluster are fit for it.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract:
            "Looks at all workers of a cluster and says what is wrong with them and what to do about it.",
        discussion: """
            Asks every worker, whoever holds it, for its release, clock, processor, memory, disk and settings, and \
            has each measure the ways to the others, which loads a network for a moment. Needs no coordinator. \
            Takes 15 seconds at most; ends with 0 if all is well, 1 after warnings, 2 if something fails.

            EXAMPLES
              bitnet-ctl doctor --shards workers.yaml
              bitnet-ctl doctor --shards workers.yaml --no-links
              bitnet-ctl doctor --shards workers.yaml --json
            """)

    @Option(help: ArgumentHelp("Cluster file that names the workers.", valueName: "workers.yaml"))
    var shards: String

    @Flag(inversion: .prefixedNo, help: "Have workers measure the ways to each other.")
    var links = true

    @Option(help: ArgumentHelp("Where the coordinator keeps converted weights.", valueName: "directory"))
    var storeDir: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Program.run {
            let console = Console()
            var file = try ClusterFile.load(path: shards)
            for warning in file.secretFiles.compactMap(KeyFile.permissionWarning) {
                console.warn(warning)
            }
            let credentials = try Credentials(of: file)
            if let discovery = file.discovery {
                file.workers = try await WorkerFinder.look(discovery, of: file, credentials: credentials)
            }
            let examiner = ClusterExaminer(file: file, credentials: credentials, looksAtWays: links)
            let reports = await examiner.run()
            let diagnosis = Diagnosis(
                workers: reports, own: MachineFigures.current(storeDirectory: existing),
                storeError: FileSystem.writeFailure(in: existing)?.message, build: Build.name)
            console.write(
                json
                    ? diagnosis.json(cluster: file.cluster).encoded + "\n"
                    : diagnosis.text(cluster: file.cluster, width: Self.terminalWidth))
            switch diagnosis.gravest {
            case .failure: throw Program.failed
            case .warning: throw ExitCode(1)
            case .note, nil: break
            }
        }
    }

    /// Where the coordinator keeps converted weights, or as much of the path as is there.
    private var existing: String {
        var directory = Substring(storeDir ?? CacheDirectory.standard ?? "/")
        while !FileSystem.exists(String(directory)) {
            guard let slash = directory.lastIndex(of: "/") else { return "." }
            directory = slash == directory.startIndex ? "/" : directory[..<slash]
        }
        return String(directory)
    }

    private static var terminalWidth: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(clamping: TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return 120
        }
        return Int(clamping: size.ws_col)
    }
}
