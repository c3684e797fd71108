// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterConfig
import TestSupport
import Testing

@Suite struct KeyFileTests {
    @Test(arguments: [32, 44, 4096])
    func `a key is its file's bytes without one line feed`(count: Int) throws {
        let folder = try TemporaryFolder()
        let key = (0..<count).map { UInt8($0 % 256) | 0x80 }
        #expect(try KeyFile.read(folder.write(key, to: "a")) == key)
        #expect(try KeyFile.read(folder.write(key + [10], to: "b")) == key)
        if count < 4096 { #expect(try KeyFile.read(folder.write(key + [10, 10], to: "c")) == key + [10]) }
    }

    @Test(arguments: [0, 1, 31, 4097, 4098, 1 << 20])
    func `a key that is too short or too long is refused, with the way to make one`(count: Int) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([UInt8](repeating: 65, count: count), to: "key")
        let error = try #require(throws: ConfigError.self) { try KeyFile.read(path) }
        #expect(error.path == path)
        #expect(error.reason.contains("head -c 32 /dev/urandom"))
    }

    @Test func `a key that is text has no mark and no white space around it`() throws {
        let folder = try TemporaryFolder()
        let key = [UInt8](repeating: 65, count: 40)
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        for ends in [(mark, [13, 10]), ([], [32, 13, 10, 10]), (mark + [32], [9]), ([], [])]
            as [([UInt8], [UInt8])]
        {
            #expect(try KeyFile.read(folder.write(ends.0 + key + ends.1, to: "key")) == key)
        }
    }

    @Test func `API keys are read as editors of all systems write them`() throws {
        let folder = try TemporaryFolder()
        let text = "\u{FEFF}first\r\n# a comment\r\n\r\n  second \t\r\nthird"
        #expect(try APIKeyFile.read(folder.write(text, to: "keys")) == ["first", "second", "third"])
    }

    @Test func `an API key that cannot be meant is told with its line`() throws {
        let folder = try TemporaryFolder()
        let long = String(repeating: "k", count: Limits.keyBytesMax + 1)
        for line in [long, "a\u{0}b", "a\u{7F}"] {
            let path = try folder.write("good\n\n\(line)\n", to: "keys")
            let error = try #require(throws: ConfigError.self) { try APIKeyFile.read(path) }
            #expect(error.path == path && error.line == 3)
        }
        let path = try folder.write(Array("good\n".utf8) + [0xFF, 0xFE], to: "keys")
        let error = try #require(throws: ConfigError.self) { try APIKeyFile.read(path) }
        #expect(error.line == 2)
    }

    @Test(arguments: ["", "\u{FEFF}", "\r\n", "# nothing\n"])
    func `a file without an API key is refused by its name`(text: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(text, to: "keys")
        let error = try #require(throws: ConfigError.self) { try APIKeyFile.read(path) }
        #expect(error.path == path)
    }

    @Test func `a cluster file with a mark and carriage returns is read`() throws {
        let folder = try TemporaryFolder()
        let text = "\u{FEFF}cluster: c \r\nworkers:\r\n  - name: w\r\n    address: 127.0.0.1:7101  \r\n"
        let file = try ClusterFile.load(path: folder.write(text, to: "workers.yaml"))
        #expect(file.cluster == "c")
        #expect(file.workers.map(\.name) == ["w"])
    }

    @Test func `31 bytes and a line feed are too short`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([UInt8](repeating: 65, count: 31) + [10], to: "key")
        #expect(throws: ConfigError.self) { try KeyFile.read(path) }
    }

    @Test func `a key file that is missing or a folder is refused`() throws {
        let folder = try TemporaryFolder()
        for path in [folder.path + "/none", folder.path] {
            let error = try #require(throws: ConfigError.self) { try KeyFile.read(path) }
            #expect(error.reason.contains("cannot be read"))
        }
    }

    @Test func `a key that others can open is warned of`() throws {
        let folder = try TemporaryFolder()
        let key = [UInt8](repeating: 65, count: 40)
        #expect(KeyFile.permissionWarning(try folder.write(key, to: "private", mode: 0o600)) == nil)
        #expect(KeyFile.permissionWarning(try folder.write(key, to: "readonly", mode: 0o400)) == nil)
        for mode in [0o640, 0o604, 0o620] as [UInt32] {
            let path = try folder.write(key, to: "open", mode: mode)
            #expect(KeyFile.permissionWarning(path)?.contains("chmod 600 \(path)") == true)
        }
        #expect(KeyFile.permissionWarning(folder.path + "/none") == nil)
        // Whoever follows the advice would break the machine.
        #expect(KeyFile.permissionWarning("/dev/null") == nil)
    }
}
