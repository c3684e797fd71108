// SPDX-License-Identifier: MIT
package import BitNetCore
package import Hummingbird
package import Logging
import Synchronization

/// What a route knows of the request it answers, beside the request.
package struct ExchangeContext: RequestContext {
    package struct Source: RequestContextSource {
        package let logger: Logger
        let requestID: String
        let client: ClientConnection

        /// - Parameter client: by default one that never leaves.
        package init(logger: Logger, requestID: String, client: ClientConnection = .init()) {
            self.logger = logger
            self.requestID = requestID
            self.client = client
        }
    }

    package var coreContext: CoreRequestContextStorage
    package let requestID: String
    package let client: ClientConnection
    /// What is logged of the request when it is over.
    package let record = ExchangeRecord()

    package init(source: Source) {
        coreContext = .init(source: source)
        requestID = source.requestID
        client = source.client
    }

    /// Who asks: whose key it is, or whose connection where there are no keys.
    package var owner: RequestOwner { .client(key: record.figures.key, connection: client.number) }

    /// Whose share of memory the request counts to: one address may have many connections.
    package var payer: String { record.figures.key.map { "key \($0)" } ?? client.address }

    /// The route as the router was given it, `NotFound` if there is none: a word of a bounded set.
    package var route: String { endpointPath ?? "NotFound" }
}

/// What becomes known of a request while it is answered.
package final class ExchangeRecord: Sendable {
    package struct Figures: Sendable {
        /// Number of the key that let the request in.
        var key: Int?
        package var promptTokenCount: Int?
        package var completionTokenCount: Int?
        /// Since the request's arrival.
        package var timeToFirstToken: Duration?
        /// Why an answer ended early, for the log.
        package var failure: String?
    }

    package let arrival = ContinuousClock.now
    private let state = Mutex(Figures())

    package init() {}

    package var figures: Figures { state.withLock { $0 } }

    package func note(_ change: (inout Figures) -> Void) {
        state.withLock { change(&$0) }
    }
}
