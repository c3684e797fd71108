// SPDX-License-Identifier: MIT

/// Something that writes text: the whole of what a gateway sees of a cluster.
package protocol TextGenerator: Sendable {
    var model: ServedModel { get }
    var health: ServiceHealth { get }
    /// Digest of all that a text depends on besides its request; `nil` while nothing is served.
    var fingerprint: String? { get }

    /// Begins at once; the events fail with a ``GenerationError``.
    func generate(_ request: GenerationRequest) -> GenerationEvents

    /// The same for requests that belong together, all of one owner: all of them are taken or, if one cannot be, none.
    func generate(_ requests: [GenerationRequest]) -> [GenerationEvents]

    /// The prompt as the model gets it.
    ///
    /// - Throws: ``GenerationError`` (`.invalid`) for a token that there is not, or a conversation without a template.
    func tokens(of prompt: Prompt) throws(GenerationError) -> [UInt32]

    /// The tokens of a text that stands anywhere in a prompt: no beginning is put before it.
    ///
    /// - Parameter readsMarkers: whether the text of a special token becomes that token.
    func tokens(ofText text: String, readsMarkers: Bool) -> [UInt32]

    /// The conversation as the model's template writes it, special tokens by their text.
    ///
    /// - Throws: ``GenerationError`` (`.invalid`) if the model has no template.
    func rendered(_ conversation: ChatConversation) throws(GenerationError) -> String

    /// The text that the tokens stand for; U+FFFD for what is not UTF-8.
    ///
    /// - Throws: ``GenerationError`` (`.invalid`) for a token that there is not.
    func text(of tokens: [UInt32]) throws(GenerationError) -> String

    /// The bytes that one token adds to a text; none for a token that there is not. A special token gives its name.
    func bytes(of token: UInt32) -> [UInt8]
}

extension TextGenerator {
    package func generate(_ request: GenerationRequest) -> GenerationEvents {
        generate([request]).first
            ?? GenerationEvents(failing: GenerationError(.failed, "the generator gave no answer"))
    }
}

/// What a gateway's users should know of the model.
package struct ServedModel: Equatable, Sendable {
    /// Its name in requests and answers.
    package var id: String
    /// When it began to be served, seconds since 1970.
    package var createdAt: Int64
    /// Tokens that prompt and answer may have together.
    package var contextLength: Int
    package var vocabularySize: Int
    package var parameterCount: UInt64
    /// Whether it answers conversations.
    package var hasChatTemplate: Bool
    /// Whether its template writes tools.
    package var readsTools = false
    /// What its answers to conversations hold beside words.
    package var answerForm = AnswerForm()
    /// How tokens are chosen where a request does not say it.
    package var samplingDefaults = SamplingDefaults()
    /// Text of the token that stands before every text, if there is one.
    package var beginningMarker: String?
    /// Text of a token that ends every text, if there is one.
    package var endMarker: String?

    package init(
        id: String, createdAt: Int64, contextLength: Int, vocabularySize: Int, parameterCount: UInt64,
        hasChatTemplate: Bool, beginningMarker: String? = nil, endMarker: String? = nil
    ) {
        self.id = id
        self.createdAt = createdAt
        self.contextLength = contextLength
        self.vocabularySize = vocabularySize
        self.parameterCount = parameterCount
        self.hasChatTemplate = hasChatTemplate
        self.beginningMarker = beginningMarker
        self.endMarker = endMarker
    }
}

/// Whether text can be had.
package struct ServiceHealth: Equatable, Sendable {
    package enum State: String, CaseIterable, Sendable {
        /// Stages are being found, shipped or loaded.
        case starting
        case serving
        /// Requests that run are finished, new ones are refused.
        case draining
        /// A stage was lost; requests wait for another to take its place.
        case recovering
        /// A stage was lost, and there is none to take its place.
        case down
    }

    package var state: State
    /// Why it is not serving, or serves badly, for people.
    package var reason: String?
    /// Time since a token last crossed every stage; `nil` if none has yet.
    package var sinceLastToken: Duration?
    /// A token has crossed every stage lately, or is on its way and not late: the service does what it says.
    package var isHealthy: Bool

    package init(state: State, reason: String? = nil, sinceLastToken: Duration? = nil, isHealthy: Bool) {
        self.state = state
        self.reason = reason
        self.sinceLastToken = sinceLastToken
        self.isHealthy = isHealthy
    }
}
