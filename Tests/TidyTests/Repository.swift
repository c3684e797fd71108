// SPDX-License-Identifier: MIT
import Foundation

/// One file of the repository.
struct SourceFile: Sendable {
    typealias Line = (number: Int, text: Substring)

    /// Relative to the repository's top.
    let path: String
    let text: String
    /// With numbers from 1.
    let lines: [Line]
    /// The same lines without comments and literals.
    let code: [Line]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = Self.numbered(text)
        code = Self.numbered(SwiftCode.only(text))
    }

    private static func numbered(_ text: String) -> [Line] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { ($0 + 1, $1) }
    }
}

/// The files that the rules look at.
enum Repository {
    static let top = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// All text files in these folders with one of these name endings, generated ones left out.
    static func files(under folders: [String], endingIn endings: [String]) throws -> [SourceFile] {
        try folders.flatMap(paths(under:)).filter { path in
            endings.contains { path.hasSuffix($0) } && !path.contains(".pb-c.")
        }
        .map { SourceFile(path: $0, text: try text(of: $0)) }
    }

    static func text(of path: String) throws -> String {
        try String(contentsOf: top.appending(path: path), encoding: .utf8)
    }

    /// Whether there is a file or folder; of a name with `*` in its last part, whether there is any such.
    static func exists(_ path: String) -> Bool {
        let manager = FileManager.default
        guard let star = path.firstIndex(of: "*") else {
            return manager.fileExists(atPath: top.appending(path: path).path)
        }
        let slash = path[..<star].lastIndex(of: "/") ?? path.startIndex
        let (before, after) = (path[path.index(after: slash)..<star], path[path.index(after: star)...])
        let names = try? manager.contentsOfDirectory(atPath: top.appending(path: path[..<slash]).path)
        return names?.contains { $0.hasPrefix(before) && $0.hasSuffix(after) } == true
    }

    static func isExecutable(_ path: String) -> Bool {
        FileManager.default.isExecutableFile(atPath: top.appending(path: path).path)
    }

    /// Paths of the folders in a folder.
    static func folders(in folder: String) throws -> [String] {
        let urls = try FileManager.default.contentsOfDirectory(
            at: top.appending(path: folder), includingPropertiesForKeys: [.isDirectoryKey])
        return try urls.filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
            .map { "\(folder)/\($0.lastPathComponent)" }
    }

    /// Paths of all regular files under a folder, sorted.
    static func paths(under folder: String) throws -> [String] {
        let manager = FileManager.default
        return try manager.subpathsOfDirectory(atPath: top.appending(path: folder).path)
            .map { "\(folder)/\($0)" }
            .filter { path in
                var isDirectory: ObjCBool = false
                let exists = manager.fileExists(
                    atPath: top.appending(path: path).path, isDirectory: &isDirectory)
                return exists && !isDirectory.boolValue
            }
            .sorted()
    }
}

/// A rule that a file breaks.
struct Finding: Equatable, CustomStringConvertible {
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

extension [Finding] {
    /// One finding a line, for a failed expectation.
    var report: String { map(\.description).joined(separator: "\n") }
}
