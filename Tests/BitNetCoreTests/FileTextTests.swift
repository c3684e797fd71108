// SPDX-License-Identifier: MIT
import BitNetCore
import Testing

struct FileTextTests {
    @Test func `a byte order mark before a text means nothing`() {
        #expect(FileText.withoutMark("\u{FEFF}a\u{FEFF}") == "a\u{FEFF}")
        #expect(FileText.withoutMark("a") == "a")
        #expect(FileText.withoutMark("") == "")
        let bytes: [UInt8] = [0xEF, 0xBB, 0xBF, 0x31]
        bytes.withUnsafeBytes { #expect(Array(FileText.withoutMark($0)) == [0x31]) }
    }

    @Test func `lines end with or without a carriage return`() {
        #expect(FileText.lines("a\r\nb\nc\r\n").map(String.init) == ["a", "b", "c", ""])
    }

    @Test func `JSON after a byte order mark is read`() throws {
        let bytes: [UInt8] = [0xEF, 0xBB, 0xBF] + Array("[1]".utf8)
        try bytes.withUnsafeBytes { bytes in
            var json = JSONReader<JSONError>(bytes, file: "test")
            var values: [Int] = []
            try json.readArray { json throws(JSONError) in values.append(try json.readInteger()) }
            try json.finish()
            #expect(values == [1])
        }
    }
}
