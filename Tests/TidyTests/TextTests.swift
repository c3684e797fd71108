// SPDX-License-Identifier: MIT
import Testing

extension Tidy {
    /// What files must hold, and what they must not.
    @Suite struct Text {
        @Test func `every source file begins with its licence`() throws {
            #expect(TextRules.licenceLine(Tidy.snippet("import A\n// \(TextRules.licence)\n")).count == 1)
            #expect(
                TextRules.licenceLine(Tidy.snippet("#!/usr/bin/env python3\n# \(TextRules.licence)\n"))
                    .isEmpty)
            #expect(TextRules.licenceLine(Tidy.snippet("")).count == 1)

            let endings = [".swift", ".c", ".h", ".py", ".proto"]
            let files = try Repository.files(
                under: ["Sources", "Tests", "cluster", "proto"], endingIn: endings)
            let package = SourceFile(path: "Package.swift", text: try Repository.text(of: "Package.swift"))
            let findings = (files + [package]).flatMap(TextRules.licenceLine)
            #expect(findings.isEmpty, "\(findings.report)")
        }

        @Test func `sources hold no trap and no note to oneself`() throws {
            let bad = Tidy.snippet(
                "let a = try! f()\n// TODO later\nlet b = \"as! \\(c as! D)\"\n// as! here is talk\nfatalError(\"\")\n"
            )
            #expect(TextRules.bannedWords(bad).map(\.line).sorted() == [1, 2, 3, 5])

            let notes = try Repository.files(under: ["Sources"], endingIn: [".swift", ".c", ".h"])
            let findings = notes.flatMap(TextRules.bannedWords)
            #expect(findings.isEmpty, "\(findings.report)")
        }

        @Test func `what is tested is what is built for people`() throws {
            let bad = Tidy.snippet(
                """
                let own = 1
                do { return (index, .success(try await dial())) } catch { return (index, .failure(error)) }
                return (try await end(), output)
                """)
            #expect(TextRules.testableImports(Tidy.snippet("@testable import A\n")).map(\.line) == [1])
            #expect(TextRules.awaitsInTuples(bad).map(\.line) == [2])

            let files = try Tidy.swiftFiles()
            let findings = files.flatMap(TextRules.testableImports) + files.flatMap(TextRules.awaitsInTuples)
            #expect(findings.isEmpty, "\(findings.report)")
        }

        @Test func `errors reach people in words, and no type does`() throws {
            let bad = Tidy.snippet(
                #"log("\(error)")"# + "\n" + #"say("\(error.words), \(errors)")"# + "\n"
                    + #"// "\(error)" is talk"# + "\n" + "a = error.localizedDescription\n")
            #expect(TextRules.rawErrors(bad).map(\.line) == [1, 4])
            let named = Tidy.snippet(
                "struct StepFrame {}\nfail(\"a StepFrame came\")\nfail(\"a \\(StepFrame.name) of GitHub\")\n")
            let own = TextRules.types(in: [named])
            #expect(own == ["StepFrame"])
            #expect(TextRules.typeNames(named, declared: own).map(\.line) == [2])

            let sources = try Tidy.swiftSources()
            let types = TextRules.types(in: sources).union([
                "CancellationError", "DecodingError", "EncodingError",
            ])
            let findings = sources.flatMap {
                TextRules.rawErrors($0) + TextRules.typeNames($0, declared: types)
            }
            #expect(findings.isEmpty, "\(findings.report)")
        }

        @Test func `Swift files hold no tab`() throws {
            #expect(TextRules.tabs(Tidy.snippet("let a = 1\n\tlet b = 2\n")).map(\.line) == [2])

            let findings = try Tidy.swiftFiles().flatMap(TextRules.tabs)
            #expect(findings.isEmpty, "\(findings.report)")
        }

        @Test func `a promise to the compiler says why it holds, and promises stay few`() throws {
            let bare = "final class A: @unchecked Sendable {}\nnonisolated(unsafe) var b = 1\n"
            #expect(SafetyRules.unexplained(Tidy.snippet(bare)).map(\.line) == [1, 2])
            let explained = "/// Safety: one thread.\n" + String(repeating: "/// More.\n", count: 9)
            #expect(
                SafetyRules.unexplained(Tidy.snippet(explained + "final class A: @unchecked Sendable {}\n"))
                    .isEmpty)
            #expect(SafetyRules.unexplained(Tidy.snippet("// @unchecked Sendable is talk here\n")).isEmpty)

            let sources = try Tidy.swiftSources()
            let findings = sources.flatMap(SafetyRules.unexplained)
            #expect(findings.isEmpty, "\(findings.report)")
            // Raise this only for a promise that nothing else can replace.
            let promises = sources.map { SafetyRules.promises(in: $0).count }.reduce(0, +)
            #expect(promises <= 10)
        }

        @Test func `a bound that other files know stands in Limits`() throws {
            let own = """
                package static let chunkBytesMax = 1 << 20
                let sizeMax = Limits.weightBytesMax
                private static let triedMax = 64
                static let depthLimit: UInt8 = 8
                """
            #expect(TextRules.boundsElsewhere(Tidy.snippet(own)).map(\.line) == [1, 4])

            let sources = try Tidy.swiftSources()
            let (limits, others) = (
                sources.filter { $0.path.hasPrefix("Sources/BitNetCore/Limits/") },
                sources.filter { !$0.path.hasPrefix("Sources/BitNetCore/Limits/") }
            )
            let findings = others.flatMap(TextRules.boundsElsewhere)
            #expect(findings.isEmpty, "\(findings.report)")
            for bound in [
                "controlBytesMax = 64 << 10", "weightBytesMax = 1 << 20", "activationBytesMax = 8 << 20",
                "outcomeBytesMax = 512 << 10",
            ] {
                #expect(limits.contains { $0.text.contains(bound) }, "\(bound)")
            }
        }
    }
}
