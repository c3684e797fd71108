// SPDX-License-Identifier: MIT
import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// Programs that have a terminal.
    @Suite struct Screens {
        private static let enter = "\u{1B}[?1049h"
        private static let leave = "\u{1B}[?25h\u{1B}[?1049l"

        private func top(_ server: FakeServer, environment: [String: String] = [:]) throws -> TerminalProcess
        {
            try TerminalProcess(
                "bitnet-ctl", ["top", "-d", "0.2", "--coordinator", server.url], environment: environment)
        }

        @Test func `top takes the screen, obeys keys and gives the screen back`() async throws {
            let server = try FakeServer { _ in .document(Operator.status) }
            let process = try top(server)
            try await process.until("picture") { process.output.contains("SERVING") }
            #expect(process.output.hasPrefix(Self.enter))
            #expect(process.isRaw)
            #expect(process.output.contains("\u{1B}[32mSERVING"))
            process.press("p")
            try await process.until("pause") { process.output.contains("PAUSED") }
            process.press("ph")
            try await process.until("help") { process.output.contains("or go on") }
            process.press("h+")
            try await process.until("delay") { process.output.contains("every 0.5 s") }
            process.resize(columns: 60, rows: 10)
            process.press("q")
            #expect(try await process.untilEnd() == .exited(0))
            #expect(process.output.hasSuffix(Self.leave))
            #expect(!process.isRaw)
        }

        @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
        func `a signal gives the screen back, too`(number: Int32) async throws {
            let server = try FakeServer { _ in .document(Operator.status) }
            let process = try top(server, environment: ["NO_COLOR": "1"])
            try await process.until("picture") { process.output.contains("SERVING") }
            #expect(!process.output.contains("\u{1B}[32m"))
            // Ctrl-C is a key, and makes a signal of itself.
            if number == SIGINT { process.press("\u{03}") } else { process.signal(number) }
            #expect(try await process.untilEnd() == .exited(128 + number))
            #expect(process.output.hasSuffix(Self.leave))
            #expect(!process.isRaw)
        }

        @Test func `the last picture stays while the coordinator is away`() async throws {
            let server = try FakeServer { _ in .document(Operator.status) }
            let process = try top(server)
            try await process.until("picture") { process.output.contains("SERVING") }
            server.stop()
            try await process.until("problem") { process.output.contains("no coordinator answers") }
            let last = process.output.components(separatedBy: "\u{1B}[H").last ?? ""
            #expect(last.contains("3/3 workers"))
            process.press("q")
            #expect(try await process.untilEnd() == .exited(0))
        }

        @Test func `Ctrl-C ends an answer, and at the prompt the program`() async throws {
            let server = try FakeServer { request in
                if request.line == "GET /v1/models" { return .document(#"{"data":[{"id":"stories"}]}"#) }
                let piece = #"{"choices":[{"delta":{"content":"one\u001b[2J two"}}]}"#
                return request.body.contains("again")
                    ? .stream([piece, "[DONE]"]) : .stream([piece], staysOpen: true)
            }
            let process = try TerminalProcess("bitnet-ctl", ["chat", "--gateway", server.url])
            try await process.until("prompt") { process.output.contains("> ") }
            process.press("hello\n")
            try await process.until("beginning of an answer") {
                process.output.contains("one\u{FFFD}[2J two")
            }
            process.press("\u{03}")
            try await process.until("end of the answer") { process.output.contains("stopped") }
            process.press("/regenerate\n/regen\n")
            try await process.until("word") { process.output.contains("there is no /regenerate") }
            try await process.until("another answer") {
                process.output.components(separatedBy: "one\u{FFFD}[2J two").count > 2
            }
            process.press("\u{03}")
            try await process.until("end of it") {
                process.output.components(separatedBy: "stopped").count > 2
            }
            process.press("again\n")
            try await process.until("whole answer") {
                process.output.components(separatedBy: "one\u{FFFD}[2J two").count > 3
            }
            #expect(
                server.requests.last?.body.contains(#"{"content":"one\u001B[2J two","role":"assistant"}"#)
                    == true
                    || server.requests.last?.body.contains(
                        #"{"content":"one\u001b[2J two","role":"assistant"}"#) == true
            )
            try await process.until("prompt") { process.output.hasSuffix("> ") }
            process.press("\u{03}")
            #expect(try await process.untilEnd() == .exited(0))
        }
    }
}
