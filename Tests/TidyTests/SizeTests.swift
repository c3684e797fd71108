// SPDX-License-Identifier: MIT
import Testing

extension Tidy {
    /// How long files and functions may be.
    @Suite struct Sizes {
        @Test func `no file is too long`() throws {
            func file(lines: Int) -> SourceFile { Tidy.snippet(String(repeating: "\n", count: lines)) }
            #expect(SizeRules.longFiles(file(lines: SizeRules.fileLinesMax)).isEmpty)
            #expect(SizeRules.longFiles(file(lines: SizeRules.fileLinesMax + 1)).count == 1)

            let files = try Repository.files(
                under: ["Sources", "Tests", "proto"], endingIn: [".swift", ".c", ".h", ".proto"])
            let findings = files.flatMap(SizeRules.longFiles)
            #expect(findings.isEmpty, "\(findings.report)")
        }

        @Test func `no function is too long`() throws {
            func function(lines: Int, _ head: String) -> SourceFile {
                let body = String(repeating: "    print(\"}\\(x.map { \"{\" })\") // }\n", count: lines - 2)
                return Tidy.snippet("protocol P { func f() }\n\(head) {\n\(body)}\nfunc g() {}\n")
            }
            for head in [
                "func f()", "    package static func f<T>(_ x: T) -> Int", "init?(x: Int)", "private init()",
            ] {
                #expect(
                    SizeRules.longFunctions(function(lines: SizeRules.functionLinesMax, head)).isEmpty,
                    "\(head)")
                let findings = SizeRules.longFunctions(function(lines: SizeRules.functionLinesMax + 1, head))
                #expect(findings.map(\.line) == [2], "\(head)")
            }

            func function(ofC lines: Int) -> SourceFile {
                let body = String(repeating: "    x++; // }\n", count: lines - 3)
                return SourceFile(
                    path: "Sources/CTernary/f.c",
                    text: "int g(int x);\nstatic int f(\n    int x) {\n\(body)}\n")
            }
            #expect(SizeRules.longFunctions(function(ofC: SizeRules.functionLinesMax)).isEmpty)
            let long = SizeRules.longFunctions(function(ofC: SizeRules.functionLinesMax + 1))
            #expect(long.map(\.line) == [2])

            let ofC = try Repository.files(under: ["Sources", "Tests"], endingIn: [".c", ".h"])
            try #require(ofC.count > 50)
            let findings = try (Tidy.swiftFiles() + ofC).flatMap(SizeRules.longFunctions)
            #expect(findings.isEmpty, "\(findings.report)")
        }
    }
}
