// SPDX-License-Identifier: MIT

/// Tasks that are resumed while a lock is held.
///
/// Whoever cancels a task holds it while its cancellation handlers run, and whoever resumes it waits for that: if a
/// handler wants a lock under which the task is being resumed, both wait for ever.
enum LockRules {
    static func resumptions(_ file: SourceFile) -> [Finding] {
        let text = file.code.map(\.text).joined(separator: "\n")
        return text.matches(of: /\.withLock\s*(?:\([^)]*\)\s*)?\{/).flatMap { match -> [Finding] in
            let body = SwiftCode.inside(text[match.range.upperBound...], "{", "}")
            return body.matches(of: /\.(?:resume|completeWith)\(/).map { found in
                let line = text[..<found.range.lowerBound].count { $0 == "\n" }
                return Finding(
                    path: file.path, line: file.code[line].number,
                    message: "a task is resumed while a lock is held; take what is to be resumed out first")
            }
        }
    }
}
