// SPDX-License-Identifier: MIT

/// Who asks for texts: places in the queue, slots and steps are shared between owners, not between requests.
package enum RequestOwner: Hashable, Sendable {
    /// The program itself.
    case program
    /// Those who know the API key of this number.
    case key(Int)
    /// Who holds the connection of this number, where no key is asked for.
    case connection(UInt64)

    /// Requests of different scopes do not share what was computed of their prompts, as by the time that is saved one
    /// could tell what another has asked.
    package var prefixScope: Int? {
        switch self {
        case .key(let number): number
        case .program, .connection: nil
        }
    }
}
