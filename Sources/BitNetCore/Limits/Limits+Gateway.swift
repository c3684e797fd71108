// SPDX-License-Identifier: MIT

/// Bounds of what the public API takes and of how long it waits for its clients.
extension Limits {
    // MARK: Requests

    /// The body of a request, bytes: a prompt of `promptBytesMax` with its escapes.
    package static let requestBodyBytesMax = 16 << 20
    /// Bodies of all requests that are not decoded yet, bytes: sixteen of the largest.
    package static let requestBodiesBytesMax = 16 * requestBodyBytesMax
    /// Answers of which the client has not taken everything, bytes; those that are written as they come not counted.
    package static let answersBytesMax = 256 << 20
    /// Tokens of a long answer that are written at a time: some hundred KiB.
    package static let answerTokensAtATime = 4096
    /// How long what holds much of the others' room may rest before it gives way to them.
    package static let bodyStallTimeout: Duration = .seconds(1)
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
    /// White space next to a thought or a call that is held back until it is known to be no text, bytes; models write
    /// a line feed or two.
    package static let answerSpaceBytesMax = 256
    /// Tokens at a prompt's end in which the tag that opens a thought is looked for: a token for each byte of the tag,
    /// and of the white space behind it.
    package static let thoughtOpeningTokensMax = 16
    /// What a model writes to call a tool, bytes; a file that it writes by one has some ten KiB.
    package static let toolCallBytesMax = 1 << 20

    // MARK: Connections

    /// Open connections of one HTTP listener; one more is told so and closed.
    package static let httpConnectionsMax = 1024
    /// From a request's first byte to the end of its header.
    package static let requestHeadTimeout: Duration = .seconds(10)
    /// From there to the end of its body.
    package static let requestBodyTimeout: Duration = .seconds(30)
    /// How long a connection is kept for another request; clients' own pools keep theirs for a minute.
    package static let keepAliveTimeout: Duration = .seconds(75)
    /// Within which a client takes `answerBytesMin` of what waits for it, or all.
    package static let writeStallTimeout: Duration = .seconds(60)
    /// Bytes: 1 KiB a second, less than the slowest line carries.
    package static let answerBytesMin = 60 << 10
    /// Between two looks whether a client that has closed its sending side waits for its answer or has left: what
    /// one that has left costs the others.
    package static let presenceInterval: Duration = .seconds(1)
    /// How long what still comes behind the last answer is read: a round trip or two.
    package static let closingTimeout: Duration = .seconds(2)
    /// Silence of a peer after which the system asks whether it is there, thrice.
    package static let peerSilence: Duration = .seconds(15)
    /// Between two attempts to accept connections while there are no descriptors for them.
    package static let acceptPause: Duration = .milliseconds(100)
    /// Open connections of the operator's listener.
    package static let adminConnectionsMax = 128
    /// How long answers may go on after the server was asked to stop.
    package static let stopGrace: Duration = .seconds(20)
}
