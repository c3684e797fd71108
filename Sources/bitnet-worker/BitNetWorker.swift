// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetEngine
import ClusterConfig
import ClusterTransport
import ClusterWorker
import CommandLine
import Logging

@main
struct BitNetWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bitnet-worker",
        abstract: "Runs one stage of a ternary language model for a bitnet-coord coordinator.",
        discussion: """
            Waits for a coordinator, takes its share of the model's layers, keeps them on disk, and computes. \
            The same command serves on every host; hosts and coordinator start in any order.

            EXAMPLES
              bitnet-worker --listen 127.0.0.1:7101 --data-dir ~/.bitnet-worker
              bitnet-worker --listen 0.0.0.0:7101 --data-dir /var/lib/bitnet --key-file cluster.key --memory 12GiB

            Every option can be given as an environment variable too: BITNET_WORKER_STORE_QUOTA=40GiB is \
            --store-quota 40GiB.
            """,
        version: Build.name)

    @Option(help: ArgumentHelp("Address to listen on.", valueName: "host:port"))
    var listen: String

    @Option(help: ArgumentHelp("Where parts of models are kept. One worker each.", valueName: "dir"))
    var dataDir: String

    @Option(
        help: ArgumentHelp(
            "What they may take; the longest unused go first. What the disk holds by default.",
            valueName: "size"))
    var storeQuota: String?

    @Option(help: "Name of this worker, as in workers.yaml: a coordinator that means another one is refused.")
    var name: String?

    @Option(help: "Cluster that this worker belongs to; without it, that of the first coordinator.")
    var cluster: String?

    @Option(
        help: ArgumentHelp(
            "File with the cluster's key; needed unless --listen is loopback.", valueName: "file"))
    var keyFile: String?

    @OptionGroup(title: "Encryption") var encryption: EncryptionArguments

    @OptionGroup var threads: ThreadArguments

    @Flag(help: "Give each compute thread a processor of its own; for the only worker of a machine.")
    var pin = false

    @Option(help: "Memory that a stage may take, for instance 12GiB; 90 % of what is available by default.")
    var memory: String?

    @Option(
        help: ArgumentHelp(
            "How long weights stay in memory that no coordinator uses; the next one finds them loaded.",
            valueName: "seconds"))
    var linger = 600

    @OptionGroup var loss: LossArguments

    @OptionGroup var kernels: KernelArguments

    @OptionGroup(title: "Log") var logOptions: LogOptions

    static func main() async {
        await Program.main(Self.self, prefix: "BITNET_WORKER_")
    }

    func run() async throws {
        try await Program.run {
            let log = logOptions.logger("bitnet-worker")
            Program.outliveHangups { log.notice("SIGHUP: going on; settings are read at start only") }
            let secretFiles = [keyFile, encryption.tlsKey].compactMap(\.self)
            for warning in secretFiles.compactMap(KeyFile.permissionWarning) {
                log.warning("key file", metadata: ["advice": "\(warning)"])
            }
            if encryption.isOff, (try? HostPort(parsing: listen))?.isLoopback == false {
                log.warning(
                    "encryption",
                    metadata: ["advice": "--no-tls: what comes and goes can be read and changed on its way"])
            }
            if let warning = DescriptorLimit.warning() {
                log.warning("descriptors", metadata: ["advice": "\(warning)"])
            }
            let configuration = try settings()
            let worker = try WorkerService(configuration: configuration, network: Network(), log: log)
            log.info(
                "kernels",
                metadata: [
                    "isa": "\(configuration.kernels.name)", "mode": "\(kernels.mode.rawValue)",
                    "products": "\(configuration.kernels.productSummary)",
                ])
            let listener = try await worker.start()
            Program.closeDescriptorsOnExec()
            log.info(
                "listening",
                metadata: [
                    "address": "\(listen)", "port": "\(listener.port)",
                    "resolved": "\(listener.addresses.joined(separator: ", "))",
                ])
            await Program.untilTerminated()
            Program.endSoon()
            await listener.close()
            log.info("stopped")
        }
    }

    func validate() throws {
        guard (0...86_400).contains(linger) else { throw ValidationError("--linger must be 0...86400") }
    }

    private func settings() throws -> WorkerConfiguration {
        let address = try HostPort(parsing: listen)
        let key = try keyFile.map { try KeyFile.read($0) } ?? []
        guard address.isLoopback || !key.isEmpty || encryption.hasCertificates else {
            throw ValidationError(
                "--listen \(listen) is reachable from other machines, so --key-file is needed; "
                    + KeyFile.recipe(path: "cluster.key"))
        }
        var configuration = WorkerConfiguration(
            listen: listen, dataDirectory: dataDir, name: name ?? listen, cluster: cluster,
            credentials: try Credentials(key: key, protection: encryption.protection),
            threadCount: threads.count,
            memoryByteCount: try memory.map { try ByteSize.parse($0) } ?? SystemMemory.usableByteCount,
            kernels: try kernels.kernels(threadCount: threads.count))
        configuration.storeQuotaByteCount = try storeQuota.map { try ByteSize.parse($0) }
        configuration.isNamed = name != nil
        configuration.pinsThreads = pin
        configuration.linger = .seconds(linger)
        configuration.lossTimeout = loss.timeout
        return configuration
    }
}
