// SPDX-License-Identifier: MIT
import BitNetCore

/// Where the public API or the operator's listens, and whom it serves.
package struct ListenerConfiguration: Sendable {
    package var server: HTTPServerConfiguration
    /// Keys of which one must come as `Authorization: Bearer KEY`; empty serves everybody.
    package var keys: [String]
    /// Keys of other listeners of this process, behind which its own are numbered.
    package var keysBefore = 0
    /// Whose pages may ask, and by which names.
    package var sites: SiteRules

    /// The public API.
    ///
    /// - Parameter port: 0 lets the system choose.
    package static func gateway(host: String, port: Int, keys: [String] = []) -> Self {
        Self(
            server: HTTPServerConfiguration(name: "gateway", host: host, port: port), keys: keys,
            sites: SiteRules(host: host))
    }

    /// The operator's API.
    ///
    /// - Parameter port: 0 lets the system choose.
    package static func administration(host: String, port: Int, keys: [String] = []) -> Self {
        var server = HTTPServerConfiguration(
            name: "admin API", host: host, port: port, portOption: "--admin")
        // Those who follow events would hold the process up.
        server.stopGrace = .zero
        // Of its own: the operator gets in when users have taken all theirs.
        server.connectionsMax = Limits.adminConnectionsMax
        server.descriptorsKept = 0.125
        return Self(server: server, keys: keys, sites: SiteRules(host: host))
    }
}
