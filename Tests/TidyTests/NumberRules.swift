// SPDX-License-Identifier: MIT

/// Conversions between numbers that end the process when the number does not fit.
///
/// They are refused wherever numbers of others may come by: in every target but those that compute with what the others
/// have checked.
enum NumberRules {
    /// Targets whose numbers are checked before they get them.
    static let computing: Set = ["BitNetEngine", "BitNetTokenizer", "BitNetSynthesis", "ClusterSimulation"]

    /// Labels that say what becomes of a number that does not fit.
    private static let checkedLabels = [
        "exactly:", "clamping:", "truncatingIfNeeded:", "bitPattern:", "littleEndian:", "bigEndian:",
        "ascii:",
    ]

    static func applies(to file: SourceFile) -> Bool {
        let folders = file.path.split(separator: "/")
        return folders.first == "Sources" && folders.count > 2 && !computing.contains(String(folders[1]))
    }

    /// Conversions to integers that trap, or that cannot be told from such.
    static func uncheckedConversions(_ file: SourceFile) -> [Finding] {
        file.code.indices.flatMap { index -> [Finding] in
            let line = file.code[index].text
            // Most lines have none, and an expression takes its time.
            guard line.contains("Int") || line.contains("_t(") || line.contains("Long(") else { return [] }
            return line.matches(of: conversion).compactMap { match in
                let type = match.output.prefix { $0 != "(" && $0 != "." }
                if match.output.hasSuffix("(") {
                    let below = file.code[(index + 1)...].prefix(argumentLinesMax).map(\.text)
                    let rest = ([line[match.range.upperBound...]] + below).joined(separator: "\n")
                    if isChecked(SwiftCode.inside(rest[...], "(", ")"), type) { return nil }
                }
                return Finding(
                    path: file.path, line: file.code[index].number,
                    message:
                        "\(type) may trap; say exactly:, clamping: or truncatingIfNeeded:, or radix: for text"
                )
            }
        }
    }

    /// Their beginnings, or their names where they are handed on.
    private static var conversion: Regex<Substring> {
        /\b(?:U?Int(?:8|16|32|64)?|C(?:Unsigned)?(?:Int|Long)|off_t|s?size_t|time_t)(?:\(|\.init\b)/
            .wordBoundaryKind(.simple)
    }

    /// Lines on which the argument of one may go on.
    private static let argumentLinesMax = 20

    private static func isChecked(_ argument: Substring, _ type: Substring) -> Bool {
        let argument = argument.drop(while: \.isWhitespace)
        if argument.isEmpty || checkedLabels.contains(where: { argument.hasPrefix($0) }) { return true }
        // Text, of which what is no number becomes nil.
        if argument.contains("radix:") { return true }
        // Literals and bounds, which are the same in every run; and counts, which are no more than memory.
        if argument.wholeMatch(of: /[0-9A-Fa-fxob_<> ]+|Limits\.\w+(?: [-+] 1)?/) != nil { return true }
        return ["Int", "UInt", "Int64", "UInt64"].contains(type)
            && argument.wholeMatch(of: /(?:[\w.$?()\[\]]*\.)?count/) != nil
    }
}
