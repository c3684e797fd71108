// SPDX-License-Identifier: MIT
import BitNetCore
import Foundation
import Logging
import Synchronization
import Telemetry
import Testing

@Suite struct LogLineTests {
    private func line(
        _ message: String, _ metadata: Logger.Metadata = [:], at milliseconds: Int64 = 0
    ) -> LogLine {
        LogLine(
            milliseconds: milliseconds, level: .warning, label: "worker", message: message, metadata: metadata
        )
    }

    private func members(_ line: LogLine) throws -> [String: String] {
        let object = try JSONSerialization.jsonObject(with: Data(line.json.utf8))
        return try #require(object as? [String: String])
    }

    @Test func `text has time, level, label, message and values in the order of their keys`() {
        let line = line(
            "listening", ["port": "7101", "address": "127.0.0.1:0", "why": "it is time"],
            at: 1_769_848_200_125)
        #expect(
            line.text
                == #"2026-01-31T08:30:00.125Z warning worker: listening address=127.0.0.1:0 port=7101 why="it is time""#
        )
    }

    @Test func `JSON has the same in one object`() throws {
        let line = line("listening", ["port": "7101"], at: 1_769_848_200_125)
        #expect(
            line.json
                == #"{"time":"2026-01-31T08:30:00.125Z","level":"warning","label":"worker","message":"listening","port":"7101"}"#
        )
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_709_164_800_001, "2024-02-29T00:00:00.001Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (253_402_300_799_000, "9999-12-31T23:59:59.000Z"),
    ])
    func `times are those of the calendar`(milliseconds: Int64, text: String) {
        #expect(line("", at: milliseconds).text.hasPrefix(text + " "))
    }

    /// Line ends of all kinds, escape sequences of terminals, text that is shown backwards, nothing, a member's end.
    private static let hostile = [
        "a\nb", "a\r\nb", "a\u{85}b", "a\u{2028}b", "a\u{2029}b", "\u{1B}[2J", "\u{0}", "\u{7F}",
        "\u{202E}txt",
        "\u{E0041}", "\",\"level\":\"info", "back\\slash", "x y=z", "", "\u{FEFF}", "é漢😀",
    ]

    @Test(arguments: hostile)
    func `nothing leaves its line or its value`(text: String) throws {
        let line = line(text, ["key": "\(text)", "\(text)k": "v", "nested": ["\(text)": .string(text)]])
        for written in [line.text, line.json] {
            let isClean = written.unicodeScalars.allSatisfy { scalar in
                ![.control, .format, .lineSeparator, .paragraphSeparator].contains(
                    scalar.properties.generalCategory)
            }
            #expect(isClean, "\(written)")
            #expect(written.split(whereSeparator: \.isNewline).count == 1)
        }
        let members = try members(line)
        #expect(members["message"] == text)
        #expect(members["key"] == text)
        #expect(members["level"] == "warning")
        #expect(members["nested.\(text)"] == text)
        let keys = line.text.split(separator: " ").compactMap { $0.split(separator: "=").first }
        #expect(keys.contains("key"))
    }

    @Test func `text quotes what is no plain word and JSON reads it back`() throws {
        for value in Self.hostile where !value.unicodeScalars.allSatisfy(\.isASCII) || value.contains(" ") {
            let word = LogText.word(value)
            guard word != value else { continue }
            let back = try JSONSerialization.jsonObject(with: Data("[\(word)]".utf8)) as? [String]
            #expect(back == [value])
        }
    }

    @Test func `nested values have dotted names`() throws {
        let line = line(
            "m",
            [
                "peer": ["id": "7", "path": .array(["a", .stringConvertible(3)])], "time": "t",
                "message": "x",
            ])
        #expect(
            try members(line) == [
                "time": "1970-01-01T00:00:00.000Z", "level": "warning", "label": "worker", "message": "m",
                "peer.id": "7", "peer.path.0": "a", "peer.path.1": "3", "metadata.time": "t",
                "metadata.message": "x",
            ])
        #expect(line.text.hasSuffix("m message=x peer.id=7 peer.path.0=a peer.path.1=3 time=t"))
    }

    @Test func `a value is cut one byte past its bound`() throws {
        let most = String(repeating: "x", count: Limits.logValueBytesMax)
        #expect(try members(line(most, ["k": .string(most)]))["message"] == most)
        #expect(try members(line(most, ["k": .string(most)]))["k"] == most)
        #expect(line("m", ["k": .string(most)]).text.hasSuffix("k=" + most))
        let cut = try members(line(most + "y", ["k": .string(most + "y")]))
        #expect(cut["message"] == most + "…")
        #expect(cut["k"] == most + "…")
        #expect(line("m", ["k": .string(most + "y")]).text.hasSuffix("k=\"\(most)…\""))
    }

    @Test func `values past the bound are left out, and those inside too many others`() {
        let many = (0...Limits.logValuesMax).map { ("k\(1000 + $0)", Logger.MetadataValue.string("v")) }
        let metadata = Logger.Metadata(uniqueKeysWithValues: many)
        #expect(line("m", metadata).values.count == Limits.logValuesMax)
        #expect(line("m", ["l": .array(metadata.map(\.value))]).values.count == Limits.logValuesMax)

        var deep = Logger.MetadataValue.string("v")
        for _ in 1..<Limits.logDepthMax { deep = ["k": deep] }
        #expect(line("m", ["k": deep]).values.map(\.value) == ["v"])
        #expect(line("m", ["k": ["k": deep]]).values.map(\.value) == ["…"])
    }

    @Test func `a key is cut at its bound`() {
        let most = String(repeating: "k", count: Limits.logKeyBytesMax)
        #expect(LogText.key(most) == most)
        #expect(LogText.key(most + "k") == most)
    }

    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    @Test(arguments: LogFormat.allCases)
    func `a logger writes lines of its level and above, with its own values`(format: LogFormat) {
        let lines = Lines()
        var log = Logger(label: "test") { label in
            LogLineHandler(label: label, format: format, level: .notice) { line in
                lines.all.withLock { $0.append(line) }
            }
        }
        log[metadataKey: "request.id"] = "r1"
        log.info("not this")
        log.notice("this", metadata: ["a": "b"])
        log.error("that", metadata: ["request.id": "r2"])
        let written = lines.all.withLock { $0 }
        #expect(written.count == 2)
        #expect(written.allSatisfy { $0.hasSuffix("\n") && $0.dropLast().allSatisfy { !$0.isNewline } })
        #expect(written[0].contains("r1") && written[0].contains("this"))
        #expect(written[1].contains("r2") && !written[1].contains("r1"))
    }
}
