// SPDX-License-Identifier: MIT
package import ArgumentParser
package import BitNetCore

/// Which hub is asked for models, and how.
package struct HubOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Hub of models to ask instead of \(HubAddress.standard); also BITNET_HUB or HF_ENDPOINT.",
            valueName: "url"))
    package var mirror: String?

    @Option(
        help: ArgumentHelp(
            "File with the token for private and gated models; by default HF_TOKEN, else the file that the hub's own "
                + "programs keep.", valueName: "file"))
    package var hubTokenFile: String?

    @Option(help: "Ranges of a file that are fetched at a time, 1 to 16.")
    package var hubConnections = 4

    package init() {}

    package func validate() throws {
        guard Limits.hubConnections.contains(hubConnections) else {
            throw ValidationError(
                "--hub-connections must be \(Limits.hubConnections.lowerBound) to "
                    + "\(Limits.hubConnections.upperBound)")
        }
        do throws(HubError) { _ = try mirror.map(HubAddress.init) } catch {
            throw ValidationError("--mirror: \(error.message)")
        }
    }

    /// How the hub is asked.
    ///
    /// - Parameter variables: the environment.
    package func settings(_ variables: [String: String]) throws -> HubClient.Settings {
        func value(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }
        let hub = mirror ?? value("BITNET_HUB") ?? value("HF_ENDPOINT") ?? HubAddress.standard
        return HubClient.Settings(
            hub: try HubAddress(parsing: hub), token: try HubToken.read(file: hubTokenFile, variables),
            proxies: try ProxyChoice(variables))
    }

    /// Where a model is: a path as it is, one of a hub once it is here.
    ///
    /// A model that is here already is taken as it is, and nobody is asked: a restart needs no hub.
    ///
    /// - Parameters:
    ///   - store: where converted weights are kept.
    ///   - readable: names of the quantisations that can be run.
    package func path(
        of place: String, store: String?, readable: [String], _ variables: [String: String],
        show: @escaping @Sendable (Notice) -> Void
    ) async throws -> String {
        guard HubScheme.isPrefix(of: place) else { return place }
        let reference = try HubReference(parsing: place)
        let pull = try pull(store: store, readable: readable)
        if let present = pull.present(reference) { return present.path }
        return try await HubClient.use(settings(variables)) { client in
            try await pull.run(reference, by: client, show: show).path
        }
    }

    /// What brings models into a store.
    package func pull(store: String?, readable: [String]) throws(HubError) -> ModelPull {
        guard let store else {
            throw HubError(
                "there is no folder for models of a hub: neither HOME nor XDG_CACHE_HOME names a directory; give "
                    + "--store-dir DIR")
        }
        return ModelPull(
            folder: HubFolder(store: store), choice: ModelChoice(readable: readable),
            connections: hubConnections)
    }
}

/// Who asks a hub.
enum HubToken {
    /// From a file, from `HF_TOKEN`, from the file that `HF_TOKEN_PATH` names, or from where the hub's own programs keep
    /// it.
    ///
    /// - Throws: ``HubError`` for a token that is none; ``FileError`` for a file that was named and cannot be read.
    static func read(file: String?, _ variables: [String: String]) throws -> String? {
        func value(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let file { return try checked(text(file), of: file) }
        if let token = value("HF_TOKEN") { return try checked(token, of: "HF_TOKEN") }
        if let path = value("HF_TOKEN_PATH") { return try checked(text(path), of: path) }
        let home = value("HF_HOME") ?? value("HOME").map { $0 + "/.cache/huggingface" }
        guard let home, FileSystem.isRegularFile(home + "/token") else { return nil }
        return try checked(text(home + "/token"), of: home + "/token")
    }

    private static func text(_ path: String) throws(FileError) -> String {
        String(decoding: try SmallFile.bytes(path, bytesMax: Limits.hubTokenBytesMax), as: UTF8.self)
    }

    /// It goes into a header's line.
    private static func checked(_ text: String, of place: String) throws(HubError) -> String {
        let token = text.filter { !$0.isWhitespace }
        guard !token.isEmpty, token.utf8.count <= Limits.hubTokenBytesMax,
            token.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw HubError("\(place) holds no token: one line of printable ASCII is expected") }
        return token
    }
}
