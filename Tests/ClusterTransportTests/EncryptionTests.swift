// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol
import ClusterTestSupport
import ClusterTransport
import ClusterWire
import Crypto
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

/// Connections of nodes that have a key, or certificates, or neither.
@Suite(.timeLimit(.minutes(5))) struct EncryptionTests {
    private static let capabilities = Capabilities(
        isa: "scalar", coreCount: 1, threadCount: 1, memoryByteCount: 1, storeByteCount: 1)

    /// What became of one connection, at both ends.
    private struct Meeting {
        var dialled: Result<Bool, any Error>
        var accepted: Result<Bool, any Error>
    }

    /// Has a coordinator with `ours` dial worker `w` with `theirs`; each end says whether it was encrypted.
    private func meet(
        _ ours: Credentials, _ theirs: Credentials, _ role: ConnectionRole = .control, as node: String = "u"
    ) async throws -> Meeting {
        let (ends, end) = AsyncStream<Result<Bool, any Error>>.makeStream()
        var dialled: Result<Bool, any Error>?
        try await withListener(with: theirs) { peer in
            do {
                _ = try await peer.acceptHandshake(
                    identity: HandshakeIdentity(node: "w", id: 9, cluster: nil, build: "test"),
                    capabilities: Self.capabilities, credentials: theirs, admit: { _ in .admitted })
                end.yield(.success(peer.isEncrypted))
                try? await peer.closed()
            } catch {
                end.yield(.failure(error))
                peer.close()
            }
            end.finish()
        } _: { network, address in
            let dialer = PeerDialer(
                network: network, cluster: "c", node: node, session: 42, credentials: ours)
            do {
                let connection = try await dialer.connect(
                    role, to: address, peer: "worker w (\(address))", target: "w"
                ).connection
                dialled = .success(connection.isEncrypted)
                connection.close()
            } catch {
                dialled = .failure(error)
            }
        }
        var accepted: Result<Bool, any Error>?
        for await result in ends { accepted = result }
        return Meeting(dialled: try #require(dialled), accepted: try #require(accepted))
    }

    private func message(_ result: Result<Bool, any Error>) -> String {
        guard case .failure(let error) = result else { return "no failure" }
        return error.words
    }

    @Test func `nodes with the same key encrypt, and nodes without do not`() async throws {
        let key = try Credentials(key: [1, 2, 3])
        let encrypted = try await meet(key, key)
        #expect(try encrypted.dialled.get() && encrypted.accepted.get())
        let plain = try await meet(.none, .none)
        #expect(try !plain.dialled.get() && !plain.accepted.get())
    }

    @Test func `a peer with another key is refused, and both ends say so`() async throws {
        let meeting = try await meet(Credentials(key: [9]), Credentials(key: [1, 2, 3]))
        #expect {
            try meeting.dialled.get()
        } throws: {
            ($0 as? HandshakeError)?.code == .key
        }
        #expect(message(meeting.dialled).contains("give both the same key file"))
        #expect(message(meeting.dialled).contains("worker w (127.0.0.1:"))
        #expect(message(meeting.accepted).contains("do not trust each other's certificates"))
    }

    @Test func `a key on one side only is told to both ends`() async throws {
        let key = try Credentials(key: [1, 2, 3])
        let ours = try await meet(key, .none)
        #expect(message(ours.dialled).contains("has no cluster key"), "\(message(ours.dialled))")
        #expect(message(ours.accepted).contains("this side has none"), "\(message(ours.accepted))")
        let theirs = try await meet(.none, key)
        #expect(message(theirs.dialled).contains("has no cluster key"), "\(message(theirs.dialled))")
    }

    @Test func `a peer that has the key but does not encrypt is taken only where an operator says so`()
        async throws
    {
        let key: [UInt8] = [1, 2, 3]
        let old = try Credentials(key: key, protection: .none)
        let refused = try await meet(old, Credentials(key: key))
        #expect(message(refused.dialled).contains("--no-tls"), "\(message(refused.dialled))")
        let taken = try await meet(old, old)
        #expect(try !taken.dialled.get() && !taken.accepted.get())
        // One machine after the other is upgraded.
        let upgraded = try await meet(Credentials(key: key), old)
        #expect(try upgraded.dialled.get() && upgraded.accepted.get())
    }

    @Test func `the authority that follows from a key is the same in every release`() throws {
        let authority = try ClusterAuthority(derivedFrom: Array("a key that is shared by machines".utf8))
        let digest = SHA256.hash(data: authority.privateKey.publicKey.rawRepresentation)
        #expect(
            "\(digest)" == "SHA256 digest: b94e9ee402473156b19aeb00df304d8cf969e87b0ef6d7c0875cc881febd8989")
        #expect(
            try ClusterAuthority(derivedFrom: [1]).privateKey.rawRepresentation
                != ClusterAuthority(derivedFrom: [2]).privateKey.rawRepresentation)
    }

    @Test func `what is sent cannot be read on its way`() async throws {
        let key = try Credentials(key: [1, 2, 3])
        let secret = Array("a prompt that nobody else may read".utf8)
        let seen = Mutex<[UInt8]>([])
        try await withListener(with: key) { peer in
            if let frame = try? await peer.next(within: .seconds(600)) { peer.send(frame) }
            try? await peer.closed()
        } _: { network, address in
            let relay = try await Relay(to: address) { bytes in seen.withLock { $0 += bytes } }
            let connection = try await network.connect(to: relay.address, peer: "worker w", with: key)
            let frame = try Frame(type: .probe, payload: secret)
            connection.send(frame)
            let answer = try await connection.next(within: .seconds(600))
            #expect(answer.payload.readableBytesView.elementsEqual(secret))
            connection.close()
            await relay.close()
        }
        let bytes = seen.withLock { $0 }
        #expect(bytes.count > 2 * secret.count)
        #expect(bytes.first == 22)
        #expect(!bytes.indices.contains { bytes[$0...].starts(with: secret) })
    }

    @Test(
        arguments: [[22], [22, 3, 1, 0, 5, 1, 0, 0, 1, 3], [22, 3, 1, 255, 255], [0], [66, 78]] as [[UInt8]])
    func `what is no encryption and no frame ends the connection, and nothing else`(
        _ bytes: [UInt8]
    ) async throws {
        let key = try Credentials(key: [1, 2, 3])
        let (ends, end) = AsyncStream<Void>.makeStream()
        try await withListener(with: key) { peer in
            await #expect(throws: TransportError.self) {
                _ = try await peer.acceptHandshake(
                    identity: HandshakeIdentity(node: "w", id: 9, cluster: nil, build: "test"),
                    capabilities: Self.capabilities, credentials: key, admit: { _ in .admitted })
            }
            peer.close()
            end.finish()
        } _: { network, address in
            let port = try #require(address.split(separator: ":").last.flatMap { Int($0) })
            let stranger = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port).get()
            try await stranger.writeAndFlush(ByteBuffer(bytes: bytes))
            try? await stranger.close()
            for await _ in ends {}
        }
    }

    // MARK: Certificates

    /// Certificates of one authority for `names`.
    private func issue(_ names: [String], in folder: TemporaryFolder) throws -> [String: CertificateFiles] {
        let certificates = try CertificateFolder(path: folder.path(of: "certs"))
        return try Dictionary(uniqueKeysWithValues: names.map { ($0, try certificates.issue(to: $0).files) })
    }

    @Test func `each node is known by its certificate, and by no other`() async throws {
        let folder = try TemporaryFolder()
        let files = try issue(["coordinator", "operator", "w", "x"], in: folder)
        func credentials(_ name: String) throws -> Credentials {
            try Credentials(key: [], protection: .certificates(#require(files[name])))
        }
        let good = try await meet(credentials("coordinator"), credentials("w"))
        #expect(try good.dialled.get() && good.accepted.get())
        let look = try await meet(credentials("operator"), credentials("w"), .examine)
        #expect(try look.dialled.get())
        let neighbour = try await meet(credentials("x"), credentials("w"), .link, as: "x")
        #expect(try neighbour.dialled.get())

        let other = try await meet(credentials("coordinator"), credentials("x"))
        #expect(message(other.dialled).contains("is that of 'x', not of 'w'"), "\(message(other.dialled))")
        let worker = try await meet(credentials("x"), credentials("w"))
        #expect(message(worker.dialled).contains("not of 'coordinator'"), "\(message(worker.dialled))")
        let impostor = try await meet(credentials("x"), credentials("w"), .link, as: "y")
        #expect(message(impostor.dialled).contains("not of 'y'"), "\(message(impostor.dialled))")
        let driver = try await meet(credentials("operator"), credentials("w"))
        #expect(message(driver.dialled).contains("not of 'coordinator'"), "\(message(driver.dialled))")
        let stranger = try await meet(Credentials(key: [1]), credentials("w"))
        #expect(throws: (any Error).self) { try stranger.dialled.get() }
        let plain = try await meet(.none, credentials("w"))
        #expect(message(plain.dialled).contains("encrypted connections only"), "\(message(plain.dialled))")
    }

    @Test func `a certificate that is revoked counts no more, at once`() async throws {
        let folder = try TemporaryFolder()
        var files = try issue(["coordinator", "w"], in: folder)
        let certificates = try CertificateFolder(path: folder.path(of: "certs"))
        #expect(!certificates.isNew && certificates.has("w") && !certificates.has("x"))
        try OutputFile.write([], to: certificates.revokedPath)
        files["w"]?.revoked = certificates.revokedPath
        files["coordinator"]?.revoked = certificates.revokedPath
        let coordinator = try Credentials(key: [], protection: .certificates(#require(files["coordinator"])))
        let worker = try Credentials(key: [], protection: .certificates(#require(files["w"])))
        #expect(try await meet(coordinator, worker).dialled.get())
        _ = try certificates.revoke("w")
        let refused = try await meet(coordinator, worker)
        #expect(message(refused.dialled).contains("'w'"), "\(message(refused.dialled))")
        #expect(message(refused.dialled).contains("is revoked"), "\(message(refused.dialled))")
        // Without the list nobody knows who is.
        #expect(FileSystem.remove(certificates.revokedPath))
        let blind = try await meet(coordinator, worker)
        #expect(message(blind.dialled).contains(certificates.revokedPath), "\(message(blind.dialled))")
    }

    @Test func `a revocation that cannot be understood lets nobody in, and other tools' lines are`()
        async throws
    {
        let folder = try TemporaryFolder()
        var files = try issue(["coordinator", "w"], in: folder)
        let list = folder.path(of: "revoked")
        files["coordinator"]?.revoked = list
        let coordinator = try Credentials(key: [], protection: .certificates(#require(files["coordinator"])))
        let worker = try Credentials(key: [], protection: .certificates(#require(files["w"])))
        func dial(_ text: String) async throws -> String {
            try OutputFile.write(Array(text.utf8), to: list)
            return message(try await meet(coordinator, worker).dialled)
        }
        let other = String(repeating: "AB:", count: 31) + "AB"
        #expect(try await dial("# none\n\n") == "no failure")
        #expect(try await dial("\(other)  x\r\n") == "no failure")
        let odd = try await dial("\n\(other)\nsha256 Fingerprint=\(other)\n")
        #expect(odd.contains("revoked:3: “sha256” is not the SHA-256 digest"), "\(odd)")
        #expect(try await dial("AB\n").contains("revoked:1"))
    }

    @Test func `files that are no certificates are named`() throws {
        let folder = try TemporaryFolder()
        let files = try issue(["w", "x"], in: folder)
        let good = try #require(files["w"])
        try OutputFile.write(Array("nothing".utf8), to: folder.path(of: "empty.pem"))
        var absent = good
        absent.certificate = folder.path(of: "absent.pem")
        var empty = good
        empty.authority = folder.path(of: "empty.pem")
        var mixed = good
        mixed.privateKey = try #require(files["x"]).privateKey
        for (files, words) in [
            (absent, "absent.pem"), (empty, "empty.pem holds no certificate"),
            (mixed, "do not belong together"),
        ] {
            #expect {
                try Credentials(key: [], protection: .certificates(files))
            } throws: {
                ($0 as? TransportError)?.message.contains(words) == true
            }
        }
        let folderAgain = try CertificateFolder(path: folder.path(of: "certs"))
        for name in ["w", "../w", "", ".w", "ca", "a/b", String(repeating: "n", count: 65)] {
            #expect(throws: TransportError.self) { try folderAgain.issue(to: name) }
        }
    }
}

/// Passes bytes on between a client and a server, and shows them to `look`.
private struct Relay {
    let address: String
    private let channel: any Channel

    init(to server: String, _ look: @escaping @Sendable ([UInt8]) -> Void) async throws {
        let port = server.split(separator: ":").last.flatMap { Int($0) } ?? 0
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { client in
                ClientBootstrap(group: client.eventLoop).connect(host: "127.0.0.1", port: port).flatMap {
                    server in
                    client.eventLoop.makeCompletedFuture {
                        try client.pipeline.syncOperations.addHandler(Passer(to: server, look))
                        try server.pipeline.syncOperations.addHandler(Passer(to: client, look))
                    }
                }
            }
            .childChannelOption(.autoRead, value: true)
            .bind(host: "127.0.0.1", port: 0).get()
        address = "127.0.0.1:\(channel.localAddress?.port ?? 0)"
    }

    func close() async { try? await channel.close() }

    private final class Passer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let other: any Channel
        private let look: @Sendable ([UInt8]) -> Void

        init(to other: any Channel, _ look: @escaping @Sendable ([UInt8]) -> Void) {
            self.other = other
            self.look = look
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            look(Array(bytes.readableBytesView))
            other.writeAndFlush(bytes, promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }
    }
}
