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

    private func swiftFiles() throws -> [SourceFile] {
        try Self.swift.get()
    }

    private func swiftSources() throws -> [SourceFile] {
        let files = try swiftFiles().filter { $0.path.hasPrefix("Sources/") }
        try #require(files.count > 50)
        return files
    }

    private func snippet(_ text: String, in target: String = "ClusterLogic") -> SourceFile {
        SourceFile(path: "Sources/\(target)/Snippet.swift", text: text)
    }

    // MARK: Layers

    @Test func `arrows between targets point down`() throws {
        var below: Set<String> = []
        for layer in LayerRules.layers {
            #expect(layer.mayImport.isSubset(of: below), "\(layer.target)")
            below.insert(layer.target)
        }
    }

    @Test func `every target imports only what its layer may`() throws {
        let upwards = snippet(
            "// import A\npackage import struct BitNetCore.Step\n@testable import ClusterWorker\n")
        #expect(
            LayerRules.findings(in: upwards)
                == [
                    Finding(path: upwards.path, line: 3, message: "ClusterLogic may not import ClusterWorker")
                ])
        #expect(LayerRules.findings(in: snippet("import NIOCore\nimport Foundation\n")).count == 2)
        #expect(
            LayerRules.findings(
                in: snippet("import FoundationEssentials\nimport NIOCore\n", in: "ClusterWorker")
            ).isEmpty)
        #expect(LayerRules.findings(in: snippet("", in: "Elsewhere")).count == 1)

        let findings = try swiftSources().flatMap(LayerRules.findings(in:))
        #expect(findings.isEmpty, "\(findings.report)")
    }

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

    // MARK: Sizes

    @Test func `no file is too long`() throws {
        func file(lines: Int) -> SourceFile { snippet(String(repeating: "\n", count: lines)) }
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
            return snippet("protocol P { func f() }\n\(head) {\n\(body)}\nfunc g() {}\n")
        }
        for head in [
            "func f()", "    package static func f<T>(_ x: T) -> Int", "init?(x: Int)", "private init()",
        ] {
            #expect(
                SizeRules.longFunctions(function(lines: SizeRules.functionLinesMax, head)).isEmpty, "\(head)")
            let findings = SizeRules.longFunctions(function(lines: SizeRules.functionLinesMax + 1, head))
            #expect(findings.map(\.line) == [2], "\(head)")
        }

        let findings = try swiftFiles().flatMap(SizeRules.longFunctions)
        #expect(findings.isEmpty, "\(findings.report)")
    }

    // MARK: Words

    @Test func `every source file begins with its licence`() throws {
        #expect(TextRules.licenceLine(snippet("import A\n// \(TextRules.licence)\n")).count == 1)
        #expect(TextRules.licenceLine(snippet("#!/usr/bin/env python3\n# \(TextRules.licence)\n")).isEmpty)
        #expect(TextRules.licenceLine(snippet("")).count == 1)

        let endings = [".swift", ".c", ".h", ".py", ".proto"]
        let files = try Repository.files(under: ["Sources", "Tests", "cluster", "proto"], endingIn: endings)
        let package = SourceFile(path: "Package.swift", text: try Repository.text(of: "Package.swift"))
        let findings = (files + [package]).flatMap(TextRules.licenceLine)
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test func `sources hold no trap and no note to oneself`() throws {
        let bad = snippet(
            "let a = try! f()\n// TODO later\nlet b = \"as! \\(c as! D)\"\n// as! here is talk\nfatalError(\"\")\n"
        )
        #expect(TextRules.bannedWords(bad).map(\.line).sorted() == [1, 2, 3, 5])

        let notes = try Repository.files(under: ["Sources"], endingIn: [".swift", ".c", ".h"])
        let findings = notes.flatMap(TextRules.bannedWords)
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test func `Swift files hold no tab`() throws {
        #expect(TextRules.tabs(snippet("let a = 1\n\tlet b = 2\n")).map(\.line) == [2])

        let findings = try swiftFiles().flatMap(TextRules.tabs)
        #expect(findings.isEmpty, "\(findings.report)")
    }

    // MARK: Promises

    @Test func `a promise to the compiler says why it holds, and promises stay few`() throws {
        let bare = "final class A: @unchecked Sendable {}\nnonisolated(unsafe) var b = 1\n"
        #expect(SafetyRules.unexplained(snippet(bare)).map(\.line) == [1, 2])
        let explained = "/// Safety: one thread.\n" + String(repeating: "/// More.\n", count: 9)
        #expect(
            SafetyRules.unexplained(snippet(explained + "final class A: @unchecked Sendable {}\n")).isEmpty)
        #expect(SafetyRules.unexplained(snippet("// @unchecked Sendable is talk here\n")).isEmpty)

        let sources = try swiftSources()
        let findings = sources.flatMap(SafetyRules.unexplained)
        #expect(findings.isEmpty, "\(findings.report)")
        // Raise this only for a promise that nothing else can replace.
        let promises = sources.map { SafetyRules.promises(in: $0).count }.reduce(0, +)
        #expect(promises <= 10)
    }

    // MARK: Limits

    @Test func `the bounds of the wire stand in Limits and nowhere else`() throws {
        let own = snippet("static let chunkBytesMax = 1 << 20\nlet sizeMax = Limits.weightBytesMax\n")
        #expect(TextRules.boundsElsewhere(own).map(\.line) == [1])

        let wire = try Repository.files(under: ["Sources/ClusterWire"], endingIn: [".swift"])
        try #require(!wire.isEmpty)
        let findings = wire.flatMap(TextRules.boundsElsewhere)
        #expect(findings.isEmpty, "\(findings.report)")

        let limits = try Repository.text(of: "Sources/BitNetCore/Limits.swift")
        for bound in [
            "controlBytesMax = 64 << 10", "weightBytesMax = 1 << 20", "activationBytesMax = 8 << 20",
            "outcomeBytesMax = 512 << 10",
        ] {
            #expect(limits.contains(bound))
        }
    }

    // MARK: What users touch

    @Test func `scripts can be run`() throws {
        #expect(!Repository.isExecutable("Package.swift"))
        let paths = try ["cluster", "proto", ".ci"].flatMap(Repository.paths(under:))
        let scripts = paths.filter { !$0.split(separator: "/").joined().contains(".") || $0 == ".ci/run" }
        #expect(
            Set(scripts).isSuperset(of: ["cluster/demo", "cluster/setup", "cluster/test", "proto/verify"]))
        for script in scripts {
            #expect(Repository.isExecutable(script), "\(script)")
            #expect(try Repository.text(of: script).hasPrefix("#!"), "\(script)")
        }
    }

    @Test func `the README names the two commands and every program`() throws {
        let readme = try Repository.text(of: "README.md")
        for name in ["cluster/demo", "cluster/test", "bitnet-coord", "bitnet-worker", "bitnet-ctl"] {
            #expect(readme.contains(name), "\(name)")
        }
    }
}
