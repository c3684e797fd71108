// SPDX-License-Identifier: MIT

import BitNetCore
import Testing

@Suite struct HostPortTests {
    @Test(
        arguments: [
            ("127.0.0.1:7101", "127.0.0.1", 7101), ("[::1]:7101", "::1", 7101),
            ("localhost:0", "localhost", 0),
            ("node-3.rack_2:65535", "node-3.rack_2", 65535), ("[fe80::1%eth0]:1", "fe80::1%eth0", 1),
            ("0.0.0.0:8080", "0.0.0.0", 8080), ("[::]:8080", "::", 8080),
        ] as [(String, String, UInt16)])
    func `host and port are told apart and written as they were`(
        text: String, host: String, port: UInt16
    ) throws {
        let address = try HostPort(parsing: text)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect("\(address)" == text)
    }

    @Test(arguments: [
        "", "localhost", ":7101", "localhost:", "localhost:x", "localhost:65536", "localhost:-1",
        "localhost:+1",
        "::1:7101", "[::1]", "[]:1", "[::g]:1", "[127.0.0.1]:1", "[::1:7101", "::1]:7101", "a b:1", "a/b:1",
        "256.0.0.1:1", "1.2.3:1", "1.2.3.4.5:1", ".:1", "http://a:1", "é:1", "a\0b:1", "[::1\0]:1",
        "[::1%\u{7}]:1",
        "localhost:١",
    ])
    func `what is no address is refused`(text: String) {
        #expect(throws: AddressError.self) { try HostPort(parsing: text) }
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("[::1]", "::1"), ("chat.example", "chat.example"),
    ])
    func `a host may stand alone, with brackets or without`(text: String, host: String) throws {
        #expect(try HostPort.host(parsing: text) == host)
    }

    @Test(arguments: ["", "a:1", "[::1]:1", "[::1", "::g", "http://a", "a b"])
    func `what is no host alone is refused`(text: String) {
        #expect(throws: AddressError.self) { try HostPort.host(parsing: text) }
    }

    @Test func `a name is listened on at all addresses that it stands for here`() throws {
        #expect(try HostPort(host: "::1", port: 1).ownAddresses() == ["::1"])
        // Somebody else's: whoever listens says so.
        #expect(try HostPort(host: "192.0.2.1", port: 1).ownAddresses() == ["192.0.2.1"])
        let own = try HostPort(host: "localhost", port: 1).ownAddresses()
        #expect(!own.isEmpty && Set(own).count == own.count)
        #expect(own.allSatisfy { HostPort(host: $0, port: 1).isLoopback && $0 != "localhost" }, "\(own)")
        // Too long for a name service to be asked.
        let none = HostPort(host: String(repeating: "x", count: 64), port: 1)
        let error = try #require(throws: AddressError.self) { try none.ownAddresses() }
        #expect(error.message.contains(none.host))
    }

    @Test func `an address has a limit`() throws {
        let longest = String(repeating: "x", count: Limits.addressBytesMax - 2) + ":1"
        _ = try HostPort(parsing: longest)
        #expect(throws: AddressError.self) { try HostPort(parsing: "x" + longest) }
    }

    @Test(arguments: [
        ("127.0.0.1:1", true), ("127.255.0.9:1", true), ("localhost:1", true), ("LOCALHOST:1", true),
        ("[::1]:1", true), ("[0:0:0:0:0:0:0:1]:1", true), ("[::ffff:127.0.0.1]:1", true),
        ("128.0.0.1:1", false), ("0.0.0.0:1", false), ("[::]:1", false), ("[::2]:1", false),
        ("[::ffff:10.0.0.1]:1", false), ("127.evil.example:1", false), ("localhost.example:1", false),
    ])
    func `only addresses of this machine are loopback`(text: String, isLoopback: Bool) throws {
        #expect(try HostPort(parsing: text).isLoopback == isLoopback)
    }

    @Test(arguments: [
        ("0.0.0.0:8080", "127.0.0.1:8080"), ("[::]:8080", "[::1]:8080"), ("10.0.0.7:1", "10.0.0.7:1"),
        ("[fe80::1]:1", "[fe80::1]:1"), ("node:1", "node:1"),
    ])
    func `who listens everywhere is reached here`(text: String, reachable: String) throws {
        #expect("\(try HostPort(parsing: text).reachable)" == reachable)
    }
}
