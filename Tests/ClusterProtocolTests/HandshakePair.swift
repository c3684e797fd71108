// SPDX-License-Identifier: MIT

import ClusterProtocol
import ClusterWire

/// A coordinator and a worker that shake hands without a network.
struct HandshakePair {
    static let key: [UInt8] = Array("thirty-two bytes of a shared key".utf8)
    static let serverID: UInt64 = 77
    static let capabilities = Capabilities(
        isa: "avx2", coreCount: 4, threadCount: 3, memoryByteCount: 1 << 30, storeByteCount: 1 << 40)

    var client: HandshakeClient
    var server: HandshakeServer

    init(
        clientKey: [UInt8] = key, serverKey: [UInt8] = key, role: ConnectionRole = .control,
        serverCluster: String? = "demo", clientVersions: ClosedRange<UInt32> = 1...1,
        serverVersions: ClosedRange<UInt32> = 1...1, clientNonce: UInt8 = 1, serverNonce: UInt8 = 2,
        target: String = "a", isNamed: Bool = true, expecting: HandshakeClient.Expectation = .init()
    ) {
        let hello = Hello(
            features: 0b0110, build: "0.1.0", cluster: "demo", node: "boss", role: role, session: 42,
            nonce: [UInt8](repeating: clientNonce, count: 32), target: target)
        client = HandshakeClient(
            hello: hello, key: clientKey, versions: clientVersions, peer: "worker a (10.0.0.1:7101)",
            expectation: expecting)
        server = HandshakeServer(
            identity: HandshakeIdentity(
                node: "a", isNamed: isNamed, id: Self.serverID, cluster: serverCluster, build: "0.2.0",
                features: 0b0011,
                versions: serverVersions),
            key: serverKey, nonce: [UInt8](repeating: serverNonce, count: 32),
            capabilities: Self.capabilities)
    }

    /// What both sides end with; `nil` where a side neither finished nor failed.
    struct Outcome {
        var client: Result<HandshakeSession, HandshakeError>?
        var server: Result<HandshakeSession, HandshakeError>?
        /// All frames as they were sent, in order.
        var sent: [Frame] = []
    }

    /// Runs to the end; `tamper` sees every frame on its way.
    mutating func run(
        admission: HandshakeServer.Admission = .admitted, tamper: (Int, Frame) -> Frame? = { $1 }
    ) -> Outcome {
        var outcome = Outcome()
        var toServer: Frame? = client.start()
        while let sent = toServer {
            toServer = nil
            outcome.sent.append(sent)
            guard let frame = tamper(outcome.sent.count - 1, sent) else { break }
            var action = server.receive(frame)
            if case .askAdmission = action { action = server.admit(admission) }
            var toClient: Frame?
            switch action {
            case .send(let reply): toClient = reply
            case .finished(let last, let session):
                toClient = last
                outcome.server = .success(session)
            case .refuse(let last, let error):
                toClient = last
                outcome.server = .failure(error)
            case .askAdmission, .ignore: break
            }
            guard let sentBack = toClient else { break }
            outcome.sent.append(sentBack)
            guard let received = tamper(outcome.sent.count - 1, sentBack) else { break }
            switch client.receive(received) {
            case .send(let next): toServer = next
            case .finished(let session): outcome.client = .success(session)
            case .failed(let error): outcome.client = .failure(error)
            }
        }
        return outcome
    }
}

extension Result {
    var value: Success? { try? get() }

    var error: Failure? {
        if case .failure(let error) = self { return error }
        return nil
    }
}
