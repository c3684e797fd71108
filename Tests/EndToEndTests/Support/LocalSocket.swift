// SPDX-License-Identifier: MIT
import Glibc

/// Blocking TCP sockets on 127.0.0.1.
enum LocalSocket {
    /// A listening socket on a port that the system chose.
    static func listen() throws -> (descriptor: Int32, port: Int) {
        let descriptor = try bound()
        guard Glibc.listen(descriptor, 16) == 0 else {
            close(descriptor)
            throw TestError("cannot listen: errno \(errno)")
        }
        return (descriptor, port(of: descriptor))
    }

    /// A port that nobody listens on now.
    static func freePort() throws -> Int {
        let descriptor = try bound()
        defer { close(descriptor) }
        return port(of: descriptor)
    }

    /// Connects, or returns `nil` if nobody listens.
    static func connect(to port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let code = withAddress(port: UInt16(port)) { Glibc.connect(descriptor, $0, $1) }
        if code == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    private static func bound() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0, withAddress(port: 0, { bind(descriptor, $0, $1) }) == 0 else {
            throw TestError("cannot bind: errno \(errno)")
        }
        return descriptor
    }

    private static func port(of descriptor: Int32) -> Int {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func withAddress(
        port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
