// SPDX-License-Identifier: MIT
import BitNetCore

/// An attempt to connect and to shake hands.
///
/// How a peer proves itself is not played here (`Tests/ClusterProtocolTests`), only who is let in.
final class Dial {
    enum Failure {
        /// Worth another try.
        case unreachable
        case refused(Message.Refusal)
        /// It closed, or said nothing.
        case broken
    }

    enum Result {
        case connected(End, Message.Welcome)
        case failed(Failure)
    }

    private var end: End?
    private var then: ((Result) -> Void)?

    /// - Parameters:
    ///   - processID: which process must answer, if it is known.
    ///   - then: called once, unless the attempt is cancelled before.
    init(
        _ program: Program, to host: Int, _ hello: Message.Hello, processID: UInt64? = nil,
        _ then: @escaping (Result) -> Void
    ) {
        self.then = then
        program.network.connect(program, to: host) { attempt in
            switch attempt {
            case .refused, .noAnswer: self.finish(.failed(.unreachable))
            case .connected(let end):
                guard self.then != nil else { return end.close() }
                self.end = end
                self.greet(on: end, hello, processID)
                program.after(Limits.handshakeTimeout) { self.finish(.failed(.broken)) }
            }
        }
    }

    private func greet(on end: End, _ hello: Message.Hello, _ processID: UInt64?) {
        end.closed = { self.finish(.failed(.broken)) }
        end.received = { message in
            switch message {
            case .welcome(let welcome) where processID.map({ $0 == welcome.processID }) ?? true:
                self.finish(.connected(end, welcome))
            case .welcome: self.finish(.failed(.refused(.node)))
            case .refusal(let refusal): self.finish(.failed(.refused(refusal)))
            default: self.finish(.failed(.broken))
            }
        }
        end.send(.hello(hello))
    }

    /// Nobody waits any more; nothing stays open.
    func cancel() {
        then = nil
        end?.close()
        end = nil
    }

    private func finish(_ result: Result) {
        guard let then else { return }
        self.then = nil
        end?.received = nil
        end?.closed = nil
        if case .failed = result { end?.close() }
        end = nil
        then(result)
    }
}
