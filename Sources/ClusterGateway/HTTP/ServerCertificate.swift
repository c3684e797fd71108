// SPDX-License-Identifier: MIT
import BitNetCore
import NIOSSL

/// What a server is known by to clients that speak HTTPS.
package struct ServerCertificate: Sendable {
    let context: NIOSSLContext

    /// - Parameters:
    ///   - path: the server's certificate and those that lead from it to one that clients trust, PEM.
    ///   - keyPath: its private key, PEM.
    /// - Throws: ``ServerCertificateError`` naming the file.
    package init(path: String, keyPath: String) throws(ServerCertificateError) {
        let chain = try Self.read(path, "certificate") { try NIOSSLCertificate.fromPEMBytes($0) }
        let key = try Self.read(keyPath, "private key") { [try NIOSSLPrivateKey(bytes: $0, format: .pem)] }
        do {
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key[0]))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw ServerCertificateError(
                message:
                    "\(path) and \(keyPath) do not belong together: give a certificate and its own private key"
            )
        }
    }

    private static func read<Item>(
        _ path: String, _ what: String, _ load: ([UInt8]) throws -> [Item]
    ) throws(ServerCertificateError) -> [Item] {
        let bytes: [UInt8]
        do { bytes = try SmallFile.bytes(path) } catch {
            throw ServerCertificateError(message: error.message)
        }
        // What the library says of it names neither file nor remedy.
        guard let items = try? load(bytes), !items.isEmpty else {
            throw ServerCertificateError(message: "\(path) holds no \(what) as PEM text")
        }
        return items
    }
}

/// A certificate that cannot be used.
package struct ServerCertificateError: RemediableError {
    package let message: String
}
