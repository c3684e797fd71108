// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol
import ClusterWire
import NIOCore

/// What strangers and members say during a handshake, to either side of it.
///
/// The first byte says who listens: 0 a worker, 1 a coordinator, 2 a worker whose client has proved itself; the others
/// are the stream.
enum HandshakeTarget {
    static func run(_ bytes: [UInt8]) throws(FuzzFinding) -> FuzzTarget.Outcome {
        guard let listener = bytes.first, listener < 3 else { return .refused("nobody listens") }
        let (frames, refusal) = FrameTarget.cut(Array(bytes.dropFirst()), piece: bytes.count)
        let ending = listener == 1 ? asCoordinator(frames) : try asWorker(frames, provesFirst: listener == 2)
        if let ending { return .refused(ending) }
        if let refusal { return .refused(refusal) }
        return frames.isEmpty ? .refused("not one frame") : .accepted
    }

    private static let key: [UInt8] = Array("thirty-two bytes of a shared key".utf8)

    private static func coordinator() -> HandshakeClient {
        HandshakeClient(
            hello: Hello(
                build: "1", cluster: "demo", node: "boss", role: .control, session: 42,
                nonce: [UInt8](repeating: 1, count: Limits.nonceByteCount), target: "a"),
            key: key)
    }

    private static func asCoordinator(_ frames: [Frame]) -> String? {
        var client = coordinator()
        _ = client.start()
        for frame in frames {
            if case .failed(let error) = client.receive(frame) { return error.message }
        }
        return nil
    }

    private static func asWorker(_ frames: [Frame], provesFirst: Bool) throws(FuzzFinding) -> String? {
        var server = HandshakeServer(
            identity: HandshakeIdentity(node: "a", id: 7, cluster: "demo", build: "1"), key: key,
            nonce: [UInt8](repeating: 2, count: Limits.nonceByteCount))
        var isProved = false
        if provesFirst {
            var client = coordinator()
            if case .send(let reply) = server.receive(client.start()),
                case .send(let proof) = client.receive(reply)
            {
                _ = server.receive(proof)
                isProved = true
            }
        }
        for frame in frames {
            switch server.receive(frame) {
            case .refuse(_, let error): return error.message
            case .askAdmission where !isProved: throw FuzzFinding("a stranger was let in without the key")
            case .finished where !isProved: throw FuzzFinding("a stranger was welcomed")
            case .send, .askAdmission, .finished, .ignore: continue
            }
        }
        return nil
    }
}
