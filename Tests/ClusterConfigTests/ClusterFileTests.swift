// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterConfig
import TestSupport
import Testing

@Suite struct ClusterFileTests {
    static let full = """
        # A comment with R&D, *stars* and 100 % truth!
        cluster: demo        # workers of another cluster are refused
        model: models/stories.gguf
        listen: 127.0.0.1:8080
        key_file: /etc/bitnet/cluster.key
        workers:
          - name: a
            address: 127.0.0.1:7101
            layers: 0-2
            memory: 4GiB
            spare: false
          - name: "b & c"
            address: "[::1]:7101"
            layers: 3
          - {name: d, address: node-3.rack:7101, spare: true}

        """

    static func parse(_ text: String) throws(ConfigError) -> ClusterFile {
        try ClusterFile.parse(text, path: "/srv/cluster/workers.yaml")
    }

    @Test func `every key is read`() throws {
        let file = try Self.parse(Self.full)
        #expect(file.path == "/srv/cluster/workers.yaml")
        #expect(file.cluster == "demo")
        #expect(file.model == "/srv/cluster/models/stories.gguf")
        #expect(file.listen == (try HostPort(parsing: "127.0.0.1:8080")))
        #expect(file.keyFile == "/etc/bitnet/cluster.key")
        #expect(
            file.workers == [
                WorkerEntry(
                    name: "a", address: try HostPort(parsing: "127.0.0.1:7101"),
                    layers: LayerRange(first: 0, end: 3), memoryByteCount: 4 << 30),
                WorkerEntry(
                    name: "b & c", address: try HostPort(parsing: "[::1]:7101"),
                    layers: LayerRange(first: 3, end: 4)),
                WorkerEntry(name: "d", address: try HostPort(parsing: "node-3.rack:7101"), isSpare: true),
            ])
    }

    @Test func `the least that a file must say`() throws {
        let file = try Self.parse("cluster: 1\nworkers:\n- {name: 7, address: localhost:1}\n")
        #expect(file.cluster == "1")
        #expect(file.workers.map(\.name) == ["7"])
        #expect(file.model == nil)
        #expect(file.listen == nil)
        #expect(try file.readKey() == [])
    }

    @Test func `what connections are encrypted with is the key, files, or nothing`() throws {
        func protection(_ lines: String) throws -> LinkProtection {
            try ClusterFile.parse(
                "cluster: x\n\(lines)workers:\n- {name: a, address: '127.0.0.1:7101'}\n", path: "/etc/w.yaml"
            ).protection
        }
        #expect(try protection("") == .clusterKey)
        #expect(try protection("tls: off\n") == .none)
        #expect(try protection("tls: false\n") == .none)
        let files = CertificateFiles(
            authority: "/etc/ca.pem", certificate: "/c.pem", privateKey: "/etc/c.key")
        #expect(try protection("tls: {ca: ca.pem, cert: /c.pem, key: c.key}\n") == .certificates(files))
        #expect(
            try protection("tls: {ca: ca.pem, cert: /c.pem, key: c.key, revoked: r}\n")
                == .certificates(
                    CertificateFiles(
                        authority: "/etc/ca.pem", certificate: "/c.pem", privateKey: "/etc/c.key",
                        revoked: "/etc/r")))
        for (lines, words) in [
            ("tls: on\n", "w.yaml:2: “tls” must be “off”, or a mapping with the keys ca, cert, key"),
            ("tls: {ca: a, cert: b}\n", "“tls” has no “key”"),
            ("tls: {ca: a, cart: b}\n", "did you mean “cert”"),
            ("tls: []\n", "w.yaml:2"),
        ] {
            #expect {
                try protection(lines)
            } throws: {
                ($0 as? ConfigError)?.message.contains(words) == true
            }
        }
        // Whoever has certificates needs no key.
        let far = "tls: {ca: a, cert: b, key: c}\nworkers:\n- {name: a, address: '10.0.0.1:7101'}\n"
        #expect(try ClusterFile.parse("cluster: x\n\(far)", path: "w.yaml").keyFile == nil)
    }

    @Test(arguments: [
        ("workers.yaml", "m.gguf"), ("./workers.yaml", "./m.gguf"), ("/a/b/workers.yaml", "/a/b/m.gguf"),
        ("../workers.yaml", "../m.gguf"),
    ])
    func `relative paths start from the file's folder`(path: String, model: String) throws {
        let text = "cluster: x\nmodel: m.gguf\nworkers:\n- {name: a, address: localhost:1}\n"
        #expect(try ClusterFile.parse(text, path: path).model == model)
    }

    // MARK: Mistakes

    @Test(arguments: [
        // Unknown keys.
        (
            "cluster: x\nworker: []\n",
            "2: “worker” is no key of the cluster file; did you mean “workers”? Keys are cluster, model, listen, "
                + "key_file, tls, workers"
        ),
        (
            "cluster: x\nworkers:\n- name: a\n  address: localhost:1\n  layer: 0-2\n",
            "5: “layer” is no key of a worker; did you mean “layers”? Keys are name, address, layers, memory, spare"
        ),
        ("[1]: x\n", "1: a key of the cluster file must be a word"),
        // Missing keys.
        ("workers: []\n", "1: the cluster file has no “cluster”"),
        ("cluster: x\n", "1: the cluster file has no “workers”"),
        ("cluster: x\nworkers:\n- address: localhost:1\n", "3: a worker has no “name”"),
        ("cluster: x\nworkers:\n- name: a\n", "3: a worker has no “address”"),
        // Wrong types.
        (
            "- a\n",
            "1: the file must be a mapping with the keys cluster, model, listen, key_file, tls, workers, not a list"
        ),
        ("cluster: [x]\n", "1: “cluster” must be a name, not a list"),
        ("cluster:\nworkers: []\n", "1: “cluster” must be a name, not nothing"),
        ("cluster: \"\"\nworkers: []\n", "1: “cluster” must be a name, not “”"),
        ("cluster: x\nmodel: {a: b}\nworkers: []\n", "2: “model” must be a path, not a mapping"),
        ("cluster: x\nworkers: many\n", "2: “workers” must be a list, not “many”"),
        (
            "cluster: x\nworkers:\n- a\n",
            "3: an item of “workers” must be a mapping with the keys name, address, layers, memory, spare, not “a”"
        ),
        (
            "cluster: x\nworkers:\n- name: a\n  address: localhost:1\n  spare: yes\n",
            "5: “spare” must be true or false, not “yes”"
        ),
        (
            "cluster: x\nworkers:\n- name: a\n  address: localhost\n",
            "4: “address”: “localhost” has no port; write HOST:PORT, for instance 127.0.0.1:7101"
        ),
        (
            "cluster: x\nworkers:\n- {name: a, address: 'localhost:0'}\n",
            "3: “address”: a worker cannot be reached at port 0"
        ),
        (
            "cluster: x\nworkers:\n- name: a\n  address: localhost:1\n  layers: 3-1\n",
            "5: “layers”: “3-1” is not a range of layers; write the first and the last, for instance 0-11, below 1024"
        ),
        (
            "cluster: x\nworkers:\n- name: a\n  address: localhost:1\n  memory: 4 bananas\n",
            "5: “memory”: “4 bananas” is not a size; write for instance 4GiB, 4GB, 512MiB or a number of bytes"
        ),
        // Duplicates.
        ("cluster: x\nmodel: a\nmodel: b\nworkers: []\n", "2: “model” is given twice; remove one of them"),
        (
            "cluster: x\nworkers:\n- {name: a, address: 'localhost:1'}\n- {name: a, address: 'localhost:2'}\n",
            "4: worker “a” is named a second time (first in line 3)"
        ),
        (
            "cluster: x\nworkers:\n- {name: a, address: 'localhost:1'}\n- {name: b, address: 'localhost:1'}\n",
            "4: address localhost:1 is worker “a”'s already"
        ),
        // Workers that do not go together.
        ("cluster: x\nworkers: []\n", "2: there are no workers"),
        (
            "cluster: x\nworkers:\n- {name: a, address: 'localhost:1', spare: true}\n",
            "3: all workers are spares; at least one must not be"
        ),
        (
            "cluster: x\nworkers:\n- {name: a, address: 'localhost:1', layers: 0-2}\n- {name: b, address: 'localhost:2'}\n",
            "4: layers are given for worker “a” but not for “b”; give them for all workers or for none"
        ),
        (
            "cluster: x\nworkers:\n- {name: a, address: 'localhost:1'}\n- {name: b, address: 'localhost:2', layers: 1}\n",
            "4: layers are given for worker “b” but not for “a”; give them for all workers or for none"
        ),
        (
            "cluster: x\nworkers:\n- {name: a, address: 'localhost:1'}\n"
                + "- {name: b, address: 'localhost:2', layers: 1, spare: true}\n",
            "4: worker “b” is a spare, so it cannot be given layers"
        ),
        (
            "cluster: x\nworkers:\n- name: a\n  address: 10.0.0.2:7101\n",
            "4: worker “a” at 10.0.0.2:7101 is not on this machine, so the file must name a key_file; make one with "
                + "“head -c 32 /dev/urandom | base64 > cluster.key && chmod 600 cluster.key” and copy it to every machine"
        ),
        // What is not YAML, or more YAML than is used here.
        ("", "1: the file is empty"),
        ("# nothing\n", "1: the file is empty"),
        ("cluster: x\n---\ncluster: y\n", "2: this is not YAML: but found another document"),
        ("cluster: 'x\n", "2: this is not YAML: found unexpected end of stream"),
        ("a: b: c\n", "1: this is not YAML: mapping values are not allowed in this context"),
        ("cluster: \u{1}\n", "1: this is not YAML: control characters are not allowed"),
        ("cluster: \"a\\u0007b\"\nworkers: []\n", "1: “cluster” contains a control character"),
    ])
    func `a mistake is named with file, line and remedy`(text: String, message: String) throws {
        let error = try #require(throws: ConfigError.self) { try Self.parse(text) }
        #expect(error.message == "/srv/cluster/workers.yaml:" + message)
    }

    @Test(arguments: [
        "a: &x [1]\nb: *x\n", "cluster: &x demo\n", "cluster: *x\n", "cluster: !!str demo\n", "? &x a\n: b\n",
        "workers:\n- &w {name: a}\n", "{cluster: &x demo}", "[&x demo]", "<<: *x\n",
        "--- &x\ncluster: demo\n",
        // A comment that is none: the quote is still open when its line begins.
        "cluster: \"a\n # b\", &x c: d\n", "x: \"a #\", y: \"#\n\", z: &q 1\n",
    ])
    func `anchors, aliases and tags are refused`(text: String) throws {
        let error = try #require(throws: ConfigError.self) { try Self.parse(text) }
        #expect(error.reason.contains("are not used in cluster files") || error.reason.contains("not YAML"))
    }

    @Test func `lines of aliases that stand for gigabytes are refused at once`() throws {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...40 {
            text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n? *a\(level)\n: x\n"
        }
        let error = try #require(throws: ConfigError.self) { try Self.parse(text) }
        #expect(error.line == 1)
    }

    // MARK: Limits

    @Test(arguments: [
        String(repeating: "[", count: 100_000), String(repeating: "{a: ", count: 1000),
        String(repeating: "- ", count: 100_000), String(repeating: "? ", count: 1000),
        (0..<1000).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
        String(repeating: "? - ", count: 1000), String(repeating: "[\n", count: 1000),
    ])
    func `deep nesting is refused before it is followed`(text: String) throws {
        let error = try #require(throws: ConfigError.self) { try Self.parse(text) }
        #expect(error.reason.contains("deep") || error.reason.contains("too far"))
    }

    @Test func `names, addresses and paths have their limits`() throws {
        func file(name: String = "a", address: String = "localhost:1", model: String = "m") -> String {
            "cluster: x\nmodel: /\(model)\nworkers:\n- {name: \(name), address: '\(address)'}\n"
        }
        let letters = { String(repeating: "x", count: $0) }
        _ = try Self.parse(file(name: letters(Limits.nameBytesMax)))
        _ = try Self.parse(file(model: letters(4094)))
        let texts = [
            file(name: letters(Limits.nameBytesMax + 1)), file(model: letters(4095)),
            file(address: letters(Limits.addressBytesMax - 1) + ":1"),
        ]
        for text in texts {
            let error = try #require(throws: ConfigError.self) { try Self.parse(text) }
            #expect(error.reason.contains("at most"))
        }
    }

    @Test func `as many workers as allowed are read, and one more refused`() throws {
        func file(_ count: Int) -> String {
            let workers = (1...count).map { "- {name: w\($0), address: '127.0.0.1:\($0)'}\n" }
            return "cluster: x\nworkers:\n" + workers.joined()
        }
        #expect(try Self.parse(file(Limits.workersMax)).workers.count == Limits.workersMax)
        let error = try #require(throws: ConfigError.self) { try Self.parse(file(Limits.workersMax + 1)) }
        #expect(error.reason == "“workers” has 1025 items; at most 1024 are taken")
    }

    @Test func `layers end at the limit`() throws {
        func file(_ layers: String) -> String {
            "cluster: x\nworkers:\n- {name: a, address: 'localhost:1', layers: \(layers)}\n"
        }
        #expect(try Self.parse(file("0-1023")).workers[0].layers?.count == Limits.layersMax)
        for layers in ["0-1024", "0-99999999999999999999", "1-", "-1", "--", "0-1-2", "a-b", "1 - 2", "+1"] {
            #expect(throws: ConfigError.self) { try Self.parse(file(layers)) }
        }
    }

    // MARK: Files

    @Test func `a file is read from disk, with its key`() throws {
        let folder = try TemporaryFolder()
        let key = String(repeating: "k", count: 44)
        _ = try folder.write((key + "\n").utf8, to: "cluster.key")
        let text = "cluster: x\nkey_file: cluster.key\nworkers:\n- {name: a, address: '10.0.0.1:7101'}\n"
        let file = try ClusterFile.load(path: folder.write(text.utf8, to: "workers.yaml"))
        #expect(file.keyFile == folder.path + "/cluster.key")
        #expect(try file.readKey() == Array(key.utf8))
    }

    @Test func `a file that is missing, too large or no text is refused`() throws {
        let folder = try TemporaryFolder()
        let missing = folder.path + "/none.yaml"
        #expect(throws: ConfigError("cannot open \(missing): No such file or directory")) {
            try ClusterFile.load(path: missing)
        }
        let valid = "cluster: x\nworkers:\n- {name: a, address: 'localhost:1'}\n#"
        let largest = valid + String(repeating: "-", count: Limits.configBytesMax - valid.utf8.count)
        _ = try ClusterFile.load(path: folder.write(largest.utf8, to: "largest.yaml"))
        let tooLarge = try folder.write((largest + "-").utf8, to: "large.yaml")
        let error = try #require(throws: ConfigError.self) { try ClusterFile.load(path: tooLarge) }
        #expect(error.message == "\(tooLarge): 1048577 bytes; a cluster file has at most 1048576")
        let binary = try folder.write([0xC0, 0x80], to: "binary.yaml")
        #expect(throws: ConfigError(path: binary, "the file is not UTF-8 text")) {
            try ClusterFile.load(path: binary)
        }
    }

    @Test func `a valid file mutated anywhere never crashes`() throws {
        // To which YAML is sensitive.
        let words = "&*!|>%@`[]{},:-?#'\" \t\n\0\u{FEFF}~<=09".map(String.init)
        var mutator = Mutator(seed: 7, words: words)
        let valid = Array(Self.full.utf8)
        var errorCount = 0
        for _ in 0..<2000 {
            guard let text = String(validating: mutator.mutate(valid), as: UTF8.self) else { continue }
            do throws(ConfigError) {
                _ = try Self.parse(text)
            } catch {
                errorCount += 1
                #expect(error.path != nil)
                #expect((1...100).contains(error.line ?? 1))
            }
        }
        #expect(errorCount > 500)
    }
}
