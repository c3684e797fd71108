// SPDX-License-Identifier: MIT

/// Where a gateway listens and whom it serves.
package struct GatewayConfiguration: Sendable {
    package var host: String
    /// 0 lets the system choose.
    package var port: Int
    /// Keys of which one must come as `Authorization: Bearer KEY`; empty serves everybody.
    package var keys: [String]

    package init(host: String, port: Int, keys: [String] = []) {
        self.host = host
        self.port = port
        self.keys = keys
    }
}
