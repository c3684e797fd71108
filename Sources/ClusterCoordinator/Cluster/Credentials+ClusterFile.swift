// SPDX-License-Identifier: MIT
package import ClusterConfig
package import ClusterTransport

extension Credentials {
    /// Those that a cluster file names.
    ///
    /// - Throws: `ConfigError`, `TransportError` naming the key's or certificate's file.
    package init(of file: ClusterFile) throws {
        try self.init(key: file.readKey(), protection: file.protection)
    }
}
