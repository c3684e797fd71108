// SPDX-License-Identifier: MIT
import Testing

/// The repository keeps its own rules.
///
/// Every rule is tried on a snippet that breaks it first, so that none of these tests passes because the rule
/// sees nothing.
@Suite struct Tidy {
    /// Read once, as blanking out what is not code takes its time.
    private static let swift = Result {
        try Repository.files(under: ["Sources", "Tests"], endingIn: [".swift"])
    }

    static func swiftFiles() throws -> [SourceFile] {
        try swift.get()
    }

    static func swiftSources() throws -> [SourceFile] {
        let files = try swiftFiles().filter { $0.path.hasPrefix("Sources/") }
        try #require(files.count > 50)
        return files
    }

    static func snippet(_ text: String, in target: String = "BitNetCore") -> SourceFile {
        SourceFile(path: "Sources/\(target)/Snippet.swift", text: text)
    }

    @Test func `scripts can be run`() throws {
        #expect(!Repository.isExecutable("Package.swift"))
        // Inputs for the fuzzer, which lie deeper, are no scripts.
        let checks = try Repository.paths(under: "Tests/Checks").filter {
            $0.split(separator: "/").count == 4
        }
        let paths = try ["cluster", "proto", ".ci"].flatMap(Repository.paths(under:)) + checks
        let scripts = paths.filter { !$0.split(separator: "/").joined().contains(".") || $0 == ".ci/run" }
        #expect(
            Set(scripts).isSuperset(of: [
                "cluster/demo", "cluster/setup", "cluster/test", "proto/verify", "Tests/Checks/Clients/run",
            ]))
        for script in scripts {
            #expect(Repository.isExecutable(script), "\(script)")
            #expect(try Repository.text(of: script).hasPrefix("#!"), "\(script)")
        }
    }
}
