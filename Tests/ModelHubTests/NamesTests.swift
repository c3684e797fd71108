// SPDX-License-Identifier: MIT
import BitNetCore
import ModelHub
import TestSupport
import Testing

/// What people write, what a hub lists, and where it leads to.
@Suite struct NamesTests {
    @Test func `a model of a hub is read as people write it`() throws {
        let plain = try HubReference(parsing: "microsoft/bitnet-b1.58-2B-4T-gguf")
        #expect(plain.owner == "microsoft" && plain.revision == "main" && plain.choice == nil)
        let full = try HubReference(parsing: "hf:o/n@v1.0:a/b c.gguf")
        #expect(full.repository == "o/n" && full.revision == "v1.0" && full.choice == "a/b c.gguf")
        #expect("\(full)" == "o/n@v1.0:a/b c.gguf" && "\(plain)" == "microsoft/bitnet-b1.58-2B-4T-gguf")
        let longest = String(repeating: "a", count: Limits.hubNameBytesMax)
        #expect(try HubReference(parsing: "\(longest)/n").owner == longest)
    }

    @Test(arguments: [
        "", "hf:", "o", "o/n/m", "/n", "o/", "../n", "o/..", "o/.n", "-o/n", "o/n:", "o/n@", "o/n@a/b",
        "o/a--b",
        "o/n\u{0}", "o/n?x=1", "o/n#x", "ö/n", "o /n", String(repeating: "a", count: 97) + "/n",
    ])
    func `what is no model of a hub is refused`(text: String) {
        #expect(throws: HubError.self) { try HubReference(parsing: text) }
    }

    @Test func `paths of files stay below a folder`() {
        let good = ["a", "a/b/c.gguf", "Größe 1.gguf", "a-b_c.d+e", "1/2/3/4/5/6/7/8"]
        for path in good { #expect(HubPath(path)?.text == path) }
        let bad = [
            "", "/a", "a/", "a//b", ".", "..", "a/../b", ".git/config", "a/.b", "a\\b", "a\u{0}b", "a\nb",
            "a\u{202E}b",
            "1/2/3/4/5/6/7/8/9", String(repeating: "a", count: Limits.hubFileNameBytesMax + 1),
        ]
        for path in bad { #expect(HubPath(path) == nil, "\(path)") }
        #expect(HubPath(String(repeating: "a", count: Limits.hubFileNameBytesMax)) != nil)
    }

    @Test func `addresses are followed, but not from what is encrypted to what is not`() throws {
        let hub = try HubAddress(parsing: "https://Hub.example/base/")
        #expect(hub.origin == "https://hub.example" && hub.port == 443)
        #expect(try HubAddress(parsing: "http://[::1]:8080/x").origin == "http://[::1]:8080")
        for bad in [
            "", "hub.example", "ftp://a/b", "https://", "https://u:p@a/", "https://a b/", "https://a:99999/",
        ] {
            #expect(throws: HubError.self, "\(bad)") { try HubAddress(parsing: bad) }
        }
        let long = "https://a/" + String(repeating: "x", count: Limits.hubAddressBytesMax - 10)
        #expect(throws: Never.self) { try HubAddress(parsing: long) }
        #expect(throws: HubError.self) { try HubAddress(parsing: long + "x") }
    }

    @Test func `proxies are those of the environment`() throws {
        let choice = try ProxyChoice([
            "HTTPS_PROXY": "http://me:p%40ss@proxy.example:3128", "http_proxy": "plain:80",
            "NO_PROXY": "localhost, .inner.example,other.example:8443,10.0.0.1",
        ])
        func host(_ address: String) throws -> String? {
            choice.server(for: try HubAddress(parsing: address))?.host
        }
        #expect(try host("https://hub.example") == "proxy.example")
        #expect(try host("http://hub.example") == "plain")
        for address in ["https://a.inner.example", "https://inner.example", "https://other.example:8443"] {
            #expect(try host(address) == nil)
        }
        #expect(try host("https://notinner.example") == "proxy.example")
        #expect(try host("https://other.example") == "proxy.example")
        for address in ["https://10.0.0.1", "http://localhost:1"] { #expect(try host(address) == nil) }
        let server = choice.server(for: try HubAddress(parsing: "https://hub.example"))
        #expect(server?.user == "me" && server?.password == "p@ss" && server?.port == 3128)
        let all = try ProxyChoice(["ALL_PROXY": "p:1", "no_proxy": "*"])
        #expect(all.server(for: try HubAddress(parsing: "https://hub.example")) == nil)
        #expect(throws: HubError.self) { try ProxyChoice(["HTTPS_PROXY": "socks5://p:1"]) }
    }

    @Test func `a listing that is cut or altered is an error or is bounded`() throws {
        let digest = String(repeating: "ab", count: 32)
        let page = Array(
            #"[{"type":"directory","path":"q"},{"type":"file","path":"q/m.gguf","size":12,"oid":"x","lfs":{"oid":"\#(digest)","size":12}},{"type":"file","path":"../x","size":1}]"#
                .utf8)
        var listing = HubListing()
        try listing.add(page: page, origin: "page")
        #expect(listing.files.map(\.path.text) == ["q/m.gguf"] && listing.refusedCount == 1)
        #expect(listing.files.first?.digest?.hex == digest)
        for count in page.indices {
            #expect(throws: JSONError.self) {
                var listing = HubListing()
                try listing.add(page: Array(page.prefix(count)), origin: "page")
            }
        }
        var mutator = Mutator(seed: 3)
        for _ in 0..<2000 {
            var listing = HubListing()
            try? listing.add(page: mutator.mutate(page), origin: "page")
            for file in listing.files {
                #expect(!file.path.text.contains("..") && file.byteCount <= Limits.hubFileBytesMax)
            }
        }
        #expect(HubListing.next(link: #"<https://h/api?c=1>; rel="next""#) == "https://h/api?c=1")
        #expect(
            HubListing.next(link: #"<https://h/a>; rel="prev", <https://h/b>; rel=next"#) == "https://h/b")
        #expect(HubListing.next(link: "nonsense") == nil && HubListing.next(link: nil) == nil)
    }
}
