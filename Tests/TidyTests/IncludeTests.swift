// SPDX-License-Identifier: MIT
import Testing

extension Tidy {
    @Suite struct Includes {
        @Test func `C files include on top of them, and never in a circle`() throws {
            func header(_ name: String, _ text: String) -> SourceFile {
                SourceFile(path: "Sources/CTernary/lanes/\(name).h", text: text)
            }
            let a = header(
                "a", "// int x;\n#include <math.h>\n#include \"lanes/b.h\"\nint x;\n#include \"late.h\"\n")
            let b = header("b", "#define B 1\n#include \"lanes/a.h\"\n")
            #expect(IncludeRules.late(a).map(\.line) == [5])
            #expect(IncludeRules.late(b).isEmpty)
            #expect(
                IncludeRules.circles([a, b, header("c", "#include \"lanes/a.h\"\n")]).map(\.path)
                    == [a, b].map(\.path))
            #expect(IncludeRules.circles([a, header("b", "")]).isEmpty)

            let files = try Repository.files(under: ["Sources"], endingIn: [".c", ".h"])
            try #require(files.count > 50)
            let findings = files.flatMap(IncludeRules.late) + IncludeRules.circles(files)
            #expect(findings.isEmpty, "\(findings.report)")
        }
    }
}
