// SPDX-License-Identifier: MIT
import Foundation

/// Where the programs under test, the repository and its model are.
enum Programs {
    static let repository = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The embedded model: 9 layers, context 1024.
    static let model = repository.appending(path: "cluster/model/stories.gguf").path

    /// The built program of that name.
    ///
    /// A path stands for itself. Looked for where `BITNET_TEST_PROGRAMS` says, then beside this test bundle: they are of
    /// one build.
    static func path(of name: String) throws -> String {
        if name.hasPrefix("/") { return name }
        let bundle = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        var directories = [bundle]
        if let chosen = ProcessInfo.processInfo.environment["BITNET_TEST_PROGRAMS"] {
            directories.insert(URL(filePath: chosen), at: 0)
        }
        let candidates = directories.map { $0.appending(path: name).path }
        guard let found = candidates.first(where: FileManager.default.isExecutableFile(atPath:)) else {
            throw TestError("\(name) is not built; looked for \(candidates.joined(separator: ", "))")
        }
        return found
    }
}

/// Something a test needs did not happen.
struct TestError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
