// SPDX-License-Identifier: MIT
import Foundation

/// Prometheus' own checker, from the PATH or as Tests/Checks/Monitoring/unpack put it here.
enum Promtool {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static let path: String? = {
        let directories =
            [root.appending(path: ".build/prometheus/usr/bin").path]
            + (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return directories.map { $0 + "/promtool" }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }()

    /// What it says about `input`; empty if it has nothing to say.
    static func complaints(_ arguments: [String], input: String = "") throws -> (status: Int32, text: String)
    {
        let process = Process()
        process.executableURL = URL(filePath: path ?? "/usr/bin/promtool")
        process.arguments = arguments
        let output = Pipe()
        let standardInput = Pipe()
        process.standardInput = standardInput
        process.standardOutput = output
        process.standardError = output
        try process.run()
        standardInput.fileHandleForWriting.write(Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}
