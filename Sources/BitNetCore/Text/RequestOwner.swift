// SPDX-License-Identifier: MIT

/// Who asks for texts: places in the queue, slots and steps are shared between owners, not between requests.
package struct RequestOwner: Hashable, Sendable {
    /// The number of the API key that was sent, where one is asked for.
    private let key: Int?
    /// The number of the connection.
    private let connection: UInt64?

    /// The program itself.
    package static let program = RequestOwner(key: nil, connection: nil)

    /// - Parameter key: `nil` where none is asked for.
    package static func client(key: Int?, connection: UInt64) -> RequestOwner {
        RequestOwner(key: key, connection: connection)
    }

    private init(key: Int?, connection: UInt64?) {
        self.key = key
        self.connection = connection
    }

    /// All who know the same key share what one is due, and are owners of even parts of it among themselves.
    package var account: RequestOwner { key == nil ? self : RequestOwner(key: key, connection: nil) }

    /// Requests of different scopes do not share what was computed of their prompts, as by the time that is saved one
    /// could tell what another has asked.
    package var prefixScope: Int? { key }
}
