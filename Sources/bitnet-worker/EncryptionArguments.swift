// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore

/// What a worker's connections are encrypted with; with a key file alone nothing has to be said.
struct EncryptionArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Certificates of those who may issue certificates to this cluster's nodes, PEM; in place of those that follow from the key.",
            valueName: "file"))
    var tlsCA: String?

    @Option(help: ArgumentHelp("This worker's certificate; its common name is --name.", valueName: "file"))
    var tlsCert: String?

    @Option(help: ArgumentHelp("The certificate's private key.", valueName: "file"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "SHA-256 digests of certificates that count no more, one a line; read whenever somebody connects.",
            valueName: "file"))
    var tlsRevoked: String?

    @Flag(
        name: .customLong("no-tls"),
        help:
            "Open connections without encryption, and take such: for a network that is safe, or beside an older release."
    )
    var isOff = false

    var hasCertificates: Bool { tlsCA != nil }

    func validate() throws {
        let given = [tlsCA, tlsCert, tlsKey].compactMap(\.self).count
        guard given == 0 || given == 3 else {
            throw ValidationError(
                "--tls-ca, --tls-cert and --tls-key belong together: give all three, or none")
        }
        guard !isOff || given == 0 else {
            throw ValidationError(
                "--no-tls uses no certificates: leave out --tls-ca, --tls-cert and --tls-key")
        }
        guard tlsRevoked == nil || given == 3 else {
            throw ValidationError(
                "--tls-revoked is about certificates that --tls-ca has issued: give that, too")
        }
    }

    var protection: LinkProtection {
        guard let tlsCA, let tlsCert, let tlsKey else { return isOff ? .none : .clusterKey }
        return .certificates(
            CertificateFiles(authority: tlsCA, certificate: tlsCert, privateKey: tlsKey, revoked: tlsRevoked))
    }
}
