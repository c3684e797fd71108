// SPDX-License-Identifier: MIT
import AdminAPI
import ArgumentParser
import BitNetCore
import ClusterConfig
import CommandLine

/// Where a coordinator tells its operators of itself.
struct AdminOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The coordinator's admin API, as its --admin has it.", valueName: "url"))
    var coordinator = "http://127.0.0.1:8081"

    @Option(help: ArgumentHelp("File with the key that the admin API wants.", valueName: "file"))
    var adminKeyFile: String?

    @Option(
        help: ArgumentHelp(
            "Certificates that are trusted, PEM, where an address is https://; those of the system by default.",
            valueName: "file"))
    var caFile: String?

    func use<Result: Sendable>(_ body: (Remote) async throws -> Result) async throws -> Result {
        try await Remote.use(
            RemoteAddress(.coordinator, coordinator), key: KeyText.read(adminKeyFile), authority: caFile, body
        )
    }
}

/// Where a cluster answers requests.
struct GatewayOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The public API; by default the one that the coordinator tells of.", valueName: "url"))
    var gateway: String?

    @Option(help: ArgumentHelp("File with the key that the public API wants.", valueName: "file"))
    var apiKeyFile: String?

    func use<Result: Sendable>(
        _ admin: AdminOptions, _ body: (Remote) async throws -> Result
    ) async throws -> Result {
        try await Remote.use(address(admin), key: KeyText.read(apiKeyFile), authority: admin.caFile, body)
    }

    private func address(_ admin: AdminOptions) async throws -> RemoteAddress {
        if let gateway { return try RemoteAddress(.gateway, gateway) }
        let status = try await admin.use { try await $0.get(AdminAPI.statusPath, as: ClusterStatus.self) }
        guard let gateway = status.gateway else {
            throw RemoteError(
                "the coordinator at \(admin.coordinator) has no gateway yet (it is \(status.state.rawValue)); "
                    + "wait until bitnet-ctl status shows its address", isPassing: true)
        }
        return try RemoteAddress(.gateway, gateway).reached(
            by: RemoteAddress(.coordinator, admin.coordinator))
    }
}
