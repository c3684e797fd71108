// SPDX-License-Identifier: MIT
import BitNetCore

/// What an answer that is no file means, and what to do about it.
enum HubRefusal {
    /// - Parameter file: what was asked for; `nil` for the listing.
    static func error(_ answer: HubAnswer, of repository: String, file: String?) -> HubError {
        let subject = file.map { "\($0) of \(repository)" } ?? repository
        let words = answer.words.map { " (the hub says: \($0.prefix(200)))" } ?? ""
        let token = "a token in HF_TOKEN or in the file that --hub-token-file names"
        return switch (answer.status, answer.code) {
        case (401, "RepoNotFound"), (401, "GatedRepo"), (401, _):
            HubError(
                "\(subject) is not there for everybody, or not at all: look at its spelling, and give \(token) "
                    + "if it is private or gated\(words)")
        case (403, "GatedRepo"), (403, _):
            HubError(
                "\(subject) is gated: accept its terms on its page with the account of the token, and give "
                    + "\(token)\(words)")
        case (404, "EntryNotFound"):
            HubError("\(subject) is not there any more; try again, or look at its page\(words)")
        case (404, "RevisionNotFound"):
            HubError("\(repository) has no such revision; leave “@…” out for “main”\(words)")
        case (404, _):
            HubError("\(subject) is not there; look at its spelling, capital letters count\(words)")
        default:
            HubError("\(subject) is not given: the server answers with status \(answer.status)\(words)")
        }
    }
}
