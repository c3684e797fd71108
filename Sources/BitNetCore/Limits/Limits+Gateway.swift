// SPDX-License-Identifier: MIT

/// Bounds of what the public API takes and of how long it waits for its clients.
extension Limits {
    // MARK: Requests

    /// The body of a request, bytes: a prompt of `promptBytesMax` with its escapes.
    package static let requestBodyBytesMax = 16 << 20
    /// Bodies of all requests that are not decoded yet, bytes: sixteen of the largest.
    package static let requestBodiesBytesMax = 16 * requestBodyBytesMax
    /// A request that waits for no large one, bytes: decoded and made into tokens within some milliseconds.
    package static let smallRequestBytesMax = 64 << 10
    /// Objects and arrays inside each other in a body; what its decoder recurses into.
    package static let jsonBodyDepthMax = 512
    /// All header fields of a request, bytes; browsers send fewer than 8 KiB.
    package static let requestHeadBytesMax = 32 << 10
    package static let requestHeaderFieldsMax = 100
    /// An API key, bytes.
    package static let keyBytesMax = 512
    /// Answers to one request: prompts times choices of each.
    package static let answersMax = 128
    /// Texts that may end an answer; OpenAI's bound is 4.
    package static let stopTextsMax = 16
    /// One such text, bytes: what is held back while it might still come.
    package static let stopTextBytesMax = 1024
    /// Events of one generation that wait for a client to read them; one that falls further behind is cut off.
    package static let eventsWaitingMax = 65_536

    // MARK: Connections

    /// Open connections of one HTTP listener; one more is told so and closed.
    package static let httpConnectionsMax = 1024
    /// From a request's first byte to the end of its header.
    package static let requestHeadTimeout: Duration = .seconds(10)
    /// From there to the end of its body.
    package static let requestBodyTimeout: Duration = .seconds(30)
    /// How long a connection is kept for another request; clients' own pools keep theirs for a minute.
    package static let keepAliveTimeout: Duration = .seconds(75)
    /// How long a client may take nothing of what waits for it.
    package static let writeStallTimeout: Duration = .seconds(60)
    /// How long answers may go on after the server was asked to stop.
    package static let stopGrace: Duration = .seconds(20)
}
