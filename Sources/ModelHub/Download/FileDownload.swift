// SPDX-License-Identifier: MIT
package import BitNetCore

/// One file's way from a hub, as a value: which bytes to ask for next, and what an answer means.
///
/// The file is cut into blocks. What a block lacks is asked for as a range; a whole block is written down, so that who
/// comes later goes on from there. A sender that knows no ranges gives the file in one piece.
package struct FileDownload: Equatable, Sendable {
    /// What is asked for.
    package struct Request: Equatable, Sendable {
        package let block: Int
        package let bytes: Range<UInt64>
        /// Without a range: the file from its start to its end.
        package let isWhole: Bool
        /// What the bytes must still be called.
        package let validator: String?
    }

    /// What is to be done with an answer.
    package enum Directive: Equatable, Sendable {
        /// Its body is the bytes that were asked for.
        case take
        /// The file is not what it was, or is given whole only: all answers are let go, ``beginAgain()``, and on.
        case startOver
        /// The same is asked again after a while.
        case retry(after: Duration)
        case fail(HubError)
    }

    package let file: HubFile
    /// The name of the repository, for messages.
    private let repository: String
    package let blockByteCount: UInt64
    /// Which blocks are written.
    package private(set) var isDone: [Bool]
    /// What the sender calls the bytes that are there.
    package private(set) var validator: String?
    /// SHA-256 of the file, from the listing or from the hub's answer.
    package private(set) var digest: ContentDigest?
    private var takesRanges = true
    /// Answers of before are still about, and bring nothing.
    private var isStartingOver = false
    private var asked: Set<Int> = []
    /// Bytes of blocks that are not whole yet, from each one's start.
    private var arrived: [Int: UInt64] = [:]
    private var delays: RetryDelays
    private var restartCount = 0

    /// - Parameter kept: what was written down by who came before; of another file it is not used.
    package init(
        _ file: HubFile, of repository: String, kept: DownloadRecord? = nil,
        blockByteCount: UInt64 = Limits.hubBlockBytes, delays: RetryDelays = RetryDelays()
    ) {
        self.file = file
        self.repository = repository
        self.blockByteCount = blockByteCount
        self.delays = delays
        digest = file.digest
        let blockCount = Int(clamping: (file.byteCount + blockByteCount - 1) / blockByteCount)
        isDone = Array(repeating: false, count: blockCount)
        if let kept, kept.isOf(file), kept.blockByteCount == blockByteCount, kept.isDone.count == blockCount {
            isDone = kept.isDone
            validator = kept.validator
        }
    }

    package var isComplete: Bool { isDone.allSatisfy(\.self) }

    /// What has arrived, in blocks that are whole and in others.
    package var arrivedByteCount: UInt64 {
        isDone.indices.reduce(0) { sum, block in
            let range = bytes(of: block)
            return sum + (isDone[block] ? range.upperBound - range.lowerBound : arrived[block] ?? 0)
        }
    }

    /// What is written down.
    package var record: DownloadRecord {
        DownloadRecord(
            byteCount: file.byteCount, digest: digest, gitName: file.gitName, validator: validator,
            blockByteCount: blockByteCount, isDone: isDone)
    }

    private func bytes(of block: Int) -> Range<UInt64> {
        let start = UInt64(clamping: block) * blockByteCount
        return start..<min(start + blockByteCount, file.byteCount)
    }

    // MARK: Asking

    /// What is to be asked for now; `nil` if nothing is, until an answer has ended or everything is there.
    package mutating func next() -> Request? {
        guard !isStartingOver else { return nil }
        guard takesRanges else {
            guard asked.isEmpty, !isComplete else { return nil }
            asked.insert(0)
            return Request(block: 0, bytes: 0..<file.byteCount, isWhole: true, validator: nil)
        }
        guard let block = isDone.indices.first(where: { !isDone[$0] && !asked.contains($0) }) else {
            return nil
        }
        // The first answer says whether others make sense.
        guard asked.isEmpty || validator != nil || isDone.contains(true) else { return nil }
        asked.insert(block)
        let range = bytes(of: block)
        return Request(
            block: block, bytes: range.lowerBound + (arrived[block] ?? 0)..<range.upperBound, isWhole: false,
            validator: validator)
    }

    /// All answers were let go, and what they brought is not used.
    package mutating func beginAgain() {
        asked = []
        arrived = [:]
        isStartingOver = false
    }

    // MARK: Answers

    /// An answer has begun.
    package mutating func answered(_ request: Request, _ answer: HubAnswer) -> Directive {
        if let linked = answer.linkedDigest {
            guard digest == nil || digest == linked else {
                return .fail(error("was changed while it was fetched; try again"))
            }
            digest = linked
        }
        switch answer.status {
        case 206: return ranged(request, answer)
        case 200: return whole(request, answer)
        case 416: return .fail(error("is shorter than its listing says; try again, or ask its owner"))
        case 408, 429, 500...599: return again(answer)
        case 403 where !answer.isOfHub:
            // A signed address that has run out; the hub gives another one.
            return again(answer)
        default: return .fail(HubRefusal.error(answer, of: repository, file: file.path.text))
        }
    }

    private mutating func ranged(_ request: Request, _ answer: HubAnswer) -> Directive {
        guard !request.isWhole, let range = answer.range, range.bytes == request.bytes else {
            return .fail(
                error("comes with other bytes than were asked for (\(answer.contentRange ?? "no range"))"))
        }
        guard range.total ?? file.byteCount == file.byteCount else {
            return .fail(
                error("has \(range.total ?? 0) bytes, and \(file.byteCount) by its listing; try again"))
        }
        guard isSame(answer) else { return startOver(answer) }
        validator = validator ?? answer.strongTag
        return .take
    }

    private mutating func whole(_ request: Request, _ answer: HubAnswer) -> Directive {
        guard answer.contentLength ?? file.byteCount == file.byteCount else {
            return .fail(
                error(
                    "has \(answer.contentLength ?? 0) bytes, and \(file.byteCount) by its listing; try again")
            )
        }
        if request.bytes == 0..<file.byteCount {
            validator = answer.strongTag
            return .take
        }
        guard isSame(answer), answer.strongTag != nil || validator == nil else { return startOver(answer) }
        // The same bytes, and yet not those that were asked for.
        takesRanges = false
        forget()
        return .startOver
    }

    /// Whether the bytes are of the same file as those that are there.
    private func isSame(_ answer: HubAnswer) -> Bool {
        guard let validator, let tag = answer.strongTag else { return true }
        return validator == tag
    }

    private mutating func startOver(_ answer: HubAnswer) -> Directive {
        restartCount += 1
        guard restartCount < Limits.hubTriesMax else {
            return .fail(error("is called something else each time; its hub or mirror is not in order"))
        }
        forget()
        validator = answer.strongTag
        return .startOver
    }

    private mutating func forget() {
        isStartingOver = true
        isDone = isDone.map { _ in false }
        arrived = [:]
        validator = nil
    }

    /// Where the next bytes of an answer belong.
    package func place(of request: Request) -> UInt64 {
        (request.isWhole ? 0 : bytes(of: request.block).lowerBound) + (arrived[request.block] ?? 0)
    }

    /// Bytes were written.
    ///
    /// - Returns: whether the block is whole now.
    package mutating func took(_ request: Request, byteCount: UInt64) -> Bool {
        guard !isStartingOver else { return false }
        if request.isWhole {
            let sum = (arrived[0] ?? 0) + byteCount
            arrived[0] = sum
            guard sum >= file.byteCount else { return false }
            isDone = isDone.map { _ in true }
            arrived = [:]
        } else {
            let range = bytes(of: request.block)
            let sum = (arrived[request.block] ?? 0) + byteCount
            arrived[request.block] = sum
            guard sum >= range.upperBound - range.lowerBound else { return false }
            isDone[request.block] = true
            arrived[request.block] = nil
        }
        delays.succeeded()
        return true
    }

    /// An answer has ended as it should.
    package mutating func ended(_ request: Request) { asked.remove(request.block) }

    /// A connection broke, or there was none.
    package mutating func broke(_ request: Request, because reason: String) -> Directive {
        // Without ranges nothing goes on from the middle.
        if request.isWhole { arrived = [:] }
        guard let delay = delays.failed() else {
            return .fail(
                error(
                    "does not come: \(reason), \(Limits.hubTriesMax) times without a whole block; what is there is "
                        + "kept, and the next try goes on from it"))
        }
        return .retry(after: delay)
    }

    private mutating func again(_ answer: HubAnswer) -> Directive {
        guard let delay = delays.failed(retryAfter: answer.retryAfter) else {
            let wait = answer.retryAfter.map { " and asks to wait for \($0) s" } ?? ""
            return .fail(
                error(
                    "is not given: the server answers with status \(answer.status)\(wait); what is there is kept, "
                        + "try again later"))
        }
        return .retry(after: delay)
    }

    private func error(_ words: String) -> HubError {
        HubError("\(file.path.text) of \(repository) \(words)")
    }
}
