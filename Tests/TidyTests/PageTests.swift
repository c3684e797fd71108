// SPDX-License-Identifier: MIT
import Testing

extension Tidy {
    /// What the pages say of the repository.
    @Suite struct Pages {
        private func pages() throws -> [SourceFile] {
            let inside = try Repository.files(
                under: ["Sources", "Tests", "cluster", "proto"], endingIn: [".md"])
            try #require(inside.count > 10)
            return inside + [SourceFile(path: "README.md", text: try Repository.text(of: "README.md"))]
        }

        @Test func `paths in the pages are there`() throws {
            let page = SourceFile(
                path: "cluster/README.md",
                text: """
                    `cluster/demo "a b"`, `docs/serving.md` and `Sources/*` are there, `cluster/dome` is not,
                    `GET /health`, `/v1/status`, `a|b` and `found/TARGET/` are no paths, nor is cluster/talk.
                    ```sh
                    cluster/demo && cluster/dame --model a/b
                    ```
                    """)
            let known: Set = ["cluster/demo", "cluster/docs/serving.md", "Sources/*"]
            #expect(
                PageRules.missingPaths(page, known.contains) == [
                    Finding(path: page.path, line: 1, message: "“cluster/dome” is not there"),
                    Finding(path: page.path, line: 4, message: "“cluster/dame” is not there"),
                ])

            let findings = try pages().flatMap { PageRules.missingPaths($0, Repository.exists) }
            #expect(findings.isEmpty, "\(findings.report)")
        }

        @Test func `links between pages lead somewhere`() throws {
            let page = SourceFile(
                path: "cluster/docs/a.md",
                text: """
                    # How it is, today
                    [here](#how-it-is-today), [there](../README.md#why-not), [that](b.md),
                    [nowhere](#how-it-was), [gone](c.md), [lost](../README.md#why), [away](https://example.org/a)
                    """)
            let known = [page.path: page.text, "cluster/README.md": "## Why not?", "cluster/docs/b.md": ""]
            #expect(PageRules.deadLinks(page) { known[$0] }.map(\.line) == [3, 3, 3])

            let findings = try pages().flatMap { page in
                PageRules.deadLinks(page) { path in
                    Repository.exists(path) ? (try? Repository.text(of: path)) ?? "" : nil
                }
            }
            #expect(findings.isEmpty, "\(findings.report)")
        }

        @Test func `the page of the house lists the targets from the bottom to the top`() throws {
            let page = try Repository.text(of: "Sources/README.md")
            let storeys = try #require(page.split(separator: "\n## ").first { $0.hasPrefix("The storeys") })
            let listed = storeys.matches(of: /(?m)^\| `([^`]+)`/).map { String($0.output.1) }
            let graph = PackageGraph(manifest: try Repository.text(of: "Package.swift"))
            #expect(listed == graph.targets.filter { $0.folder.hasPrefix("Sources/") }.map(\.name))
        }

        @Test func `the README is short, and names the two commands and every program`() throws {
            let readme = SourceFile(path: "README.md", text: try Repository.text(of: "README.md"))
            #expect(readme.lines.count <= 150)
            for name in ["cluster/demo", "cluster/test", "bitnet-coord", "bitnet-worker", "bitnet-ctl"] {
                #expect(readme.text.contains(name), "\(name)")
            }
        }
    }
}
