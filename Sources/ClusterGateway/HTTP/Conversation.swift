// SPDX-License-Identifier: MIT
import NIOHTTP1

/// Requests and answers of one connection, in their order: what is owed, what ends it, what may still be said.
///
/// Answers come one after the other, as the requests did.
struct Conversation: Equatable, Sendable {
    private struct Owed: Equatable, Sendable {
        let manner: RequestManner
        /// Its last byte has come.
        var isWhole = false
        /// Something of its body has come, or was asked for.
        var isContinued = false
    }

    enum Next: Equatable, Sendable {
        case goOn
        /// Nothing is said after this.
        case refuse(APIError)
        case close
    }

    /// Requests whose answers are not complete, the oldest first.
    private var owed: [Owed] = []
    /// The request of which more is to come; it may be answered already.
    private var incoming: RequestManner?
    /// The head of the oldest one's answer has been sent.
    private(set) var isAnswering = false
    /// Nothing more is taken from the client.
    private(set) var isDeaf = false
    /// The answer that is under way is the last.
    private var closesAfterAnswer = false
    /// What is said in place of an answer, once so many requests are owed.
    private var refusal: (error: APIError, owedCount: Int)?
    /// Everything has been said.
    private(set) var isOver = false

    static func == (a: Conversation, b: Conversation) -> Bool {
        a.owed == b.owed && a.incoming == b.incoming && a.isAnswering == b.isAnswering && a.isDeaf == b.isDeaf
            && a.isOver == b.isOver
            && a.closesAfterAnswer == b.closesAfterAnswer && a.refusal?.error == b.refusal?.error
            && a.refusal?.owedCount == b.refusal?.owedCount
    }

    /// Nothing is owed.
    var isIdle: Bool { owed.isEmpty }
    /// More of a request is to come that is not answered.
    var isReceiving: Bool { incoming != nil && owed.last?.isWhole == false }
    /// An interim answer would be understood now.
    var takesInterim: Bool { owed.first.map { !$0.manner.isHTTP10 && !isAnswering } ?? false }

    // MARK: What comes

    mutating func begin(_ manner: RequestManner) {
        owed.append(Owed(manner: manner))
        incoming = manner
    }

    mutating func receivedBody() {
        if isReceiving { owed[owed.count - 1].isContinued = true }
    }

    /// - Returns: whether the decoder has stopped behind this request, though others may follow.
    mutating func receivedEnd() -> Bool {
        if isReceiving { owed[owed.count - 1].isWhole = true }
        guard let manner = incoming else { return false }
        incoming = nil
        if !manner.persists { isDeaf = true }
        return manner.offersUpgrade && manner.persists
    }

    /// The body of the request that is being answered is wanted.
    ///
    /// - Returns: whether the client waits to be told.
    mutating func wantsBody() -> Bool {
        guard takesInterim, !isOver, owed[0].manner.awaitsContinue, !owed[0].isContinued, !owed[0].isWhole
        else {
            return false
        }
        owed[0].isContinued = true
        return true
    }

    /// Nothing more comes.
    ///
    /// - Returns: whether what has come can be answered.
    mutating func inputClosed() -> Bool {
        isDeaf = true
        return !isReceiving
    }

    /// Something has come, or has not, that ends the conversation.
    ///
    /// What was asked before it is still answered; a request that is not whole is not.
    mutating func refuse(_ error: APIError) -> Next {
        guard !isOver, refusal == nil else { return .goOn }
        isDeaf = true
        let owedCount = isReceiving ? owed.count - 1 : owed.count
        guard owedCount == 0 else {
            refusal = (error, owedCount)
            return .goOn
        }
        isOver = true
        // An answer cannot be taken back, and has no second.
        return isAnswering || incoming != nil && !isReceiving ? .close : .refuse(error)
    }

    // MARK: What is said

    /// Frames an answer as its client understands it.
    mutating func begin(_ head: inout HTTPResponseHead) {
        guard let request = owed.first, head.status.code >= 200 else { return }
        isAnswering = true
        let says = head.headers[canonicalForm: "connection"].map { $0.lowercased() }
        let isUnframed =
            request.manner.isHTTP10 && head.status.mayHaveResponseBody
            && !head.headers.contains(name: "content-length")
        // Whether a body still comes that was never asked for is the client's choice.
        let isUncertain = request.manner.awaitsContinue && !request.isContinued && !request.isWhole
        closesAfterAnswer =
            !request.manner.persists || says.contains("close") || isUnframed || isUncertain
            || isDeaf && owed.count == 1 && refusal == nil
        head.headers.remove(name: "connection")
        if closesAfterAnswer {
            head.headers.add(name: "Connection", value: "close")
        } else if request.manner.isHTTP10 {
            head.headers.add(name: "Connection", value: "keep-alive")
        }
        if request.manner.isHTTP10 {
            // The encoder sends chunks to all others.
            head.version = .http1_0
            head.headers.remove(name: "transfer-encoding")
        }
    }

    /// An answer is complete, as far as this side goes.
    mutating func answered() -> Next {
        guard !owed.isEmpty else { return .goOn }
        owed.removeFirst()
        isAnswering = false
        guard !closesAfterAnswer else {
            isOver = true
            isDeaf = true
            return .close
        }
        guard var refusal else { return .goOn }
        refusal.owedCount -= 1
        self.refusal = refusal
        guard refusal.owedCount == 0 else { return .goOn }
        isOver = true
        return .refuse(refusal.error)
    }
}
