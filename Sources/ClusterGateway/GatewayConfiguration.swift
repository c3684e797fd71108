// SPDX-License-Identifier: MIT

/// Where a gateway listens and whom it serves.
package struct GatewayConfiguration: Sendable {
    package var server: HTTPServerConfiguration
    /// Keys of which one must come as `Authorization: Bearer KEY`; empty serves everybody.
    package var keys: [String]

    /// - Parameter port: 0 lets the system choose.
    package init(host: String, port: Int, keys: [String] = []) {
        server = HTTPServerConfiguration(name: "gateway", host: host, port: port)
        self.keys = keys
    }
}
