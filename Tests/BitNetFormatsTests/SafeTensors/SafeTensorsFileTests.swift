// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import ModelTestSupport
import TestSupport
import Testing

struct SafeTensorsFileTests {
    private func open(_ header: String, data: Int = 16, length: UInt64? = nil) throws -> SafeTensorsFile {
        let text = Array(header.utf8)
        let bytes = littleEndian(length ?? UInt64(text.count)) + text + [UInt8](repeating: 0, count: data)
        return try SafeTensorsFile(source: source(bytes), path: "test.safetensors")
    }

    private func entry(
        _ name: String, _ type: String = "F32", _ shape: String = "[2,2]", _ range: String = "[0,16]"
    ) -> String {
        "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(range)}"
    }

    @Test func `tensors stand where the header says`() throws {
        let header = "{\"__metadata__\":{\"format\":\"pt\"},\(entry("a", "BF16", "[2,2]", "[0,8]")),"
        let file = try open(header + "\(entry("b", "U8", "[8]", "[8,16]"))}   ")
        #expect(file.tensors.map(\.name) == ["a", "b"])
        let a = try #require(file.tensors.first)
        #expect(a.rows == 2 && a.columns == 2 && a.byteCount == 8)
        #expect(file.tensors[1].offset == a.offset + 8)
        #expect(a.offset == file.source.bytes.count - 16)
    }

    @Test func `a value without dimensions is one value`() throws {
        let file = try open("{\(entry("s", "F32", "[]", "[0,4]"))}", data: 4)
        #expect(file.tensors[0].rows == 1 && file.tensors[0].columns == 1)
    }

    @Test(
        arguments: [
            ("{", .malformedJSON), ("[]", .malformedJSON), ("{}x", .malformedJSON),
            ("{\"a\":{}}", .malformedTensor), ("{\"a\":{\"dtype\":\"F32\",\"shape\":[4]}}", .malformedTensor),
        ] as [(String, ModelFileError.Code)])
    func `a header that is none is refused`(header: String, code: ModelFileError.Code) {
        let error = #expect(throws: ModelFileError.self) { try open(header) }
        #expect(error?.code == code)
    }

    @Test(
        arguments: [
            ("F32", "[2,2]", "[0,12]", .malformedTensor), ("F32", "[2,2]", "[4,20]", .tensorOutsideFile),
            ("F32", "[2,2]", "[16,0]", .tensorOutsideFile), ("F32", "[2,2]", "[-16,0]", .tensorOutsideFile),
            ("F32", "[0,2]", "[0,0]", .malformedTensor), ("F32", "[-1,2]", "[0,0]", .malformedTensor),
            ("F32", "[4611686018427387904,4]", "[0,16]", .malformedTensor),
            ("F64", "[2305843009213693952]", "[0,0]", .malformedTensor),
            ("F32", "[1,1,1,1,1,1,1,2,2]", "[0,16]", .malformedJSON),
            ("F32", "[2,2]", "[0]", .malformedTensor), ("F32", "[2,2]", "[0,16,16]", .malformedJSON),
            ("F32", "[2,2.5]", "[0,16]", .malformedJSON), ("F32", "{}", "[0,16]", .malformedJSON),
        ] as [(String, String, String, ModelFileError.Code)])
    func `an entry that cannot be is refused`(
        type: String, shape: String, range: String, code: ModelFileError.Code
    ) {
        let error = #expect(throws: ModelFileError.self) { try open("{\(entry("a", type, shape, range))}") }
        #expect(error?.code == code)
    }

    @Test func `tensors may not overlap, share a name, or have none`() {
        for (header, code) in [
            ("{\(entry("a")),\(entry("b"))}", ModelFileError.Code.overlappingTensors),
            (
                "{\(entry("a", "F32", "[2]", "[0,8]")),\(entry("a", "F32", "[2]", "[8,16]"))}",
                .duplicateTensor
            ),
            ("{\(entry(""))}", .malformedJSON),
            ("{\(entry(String(repeating: "n", count: Limits.tensorNameBytesMax + 1)))}", .malformedJSON),
        ] {
            let error = #expect(throws: ModelFileError.self) { try open(header) }
            #expect(error?.code == code)
        }
    }

    @Test func `the length of the header is bounded by the file and by the format`() {
        for (length, code) in [
            (UInt64(1000), ModelFileError.Code.truncated), (.max, .notSafeTensors),
            (UInt64(Limits.safeTensorsHeaderBytesMax) + 1, .notSafeTensors),
        ] {
            let error = #expect(throws: ModelFileError.self) { try open("{}", length: length) }
            #expect(error?.code == code)
        }
        #expect(throws: ModelFileError.self) {
            try SafeTensorsFile(source: source([1, 0, 0]), path: "test.safetensors")
        }
    }

    @Test func `thousands of mutations never trap`() throws {
        let header = Array(
            "{\(entry("a", "BF16", "[2,2]", "[0,8]")),\(entry("b", "U8", "[8]", "[8,16]"))}".utf8)
        let good = littleEndian(UInt64(header.count)) + header + [UInt8](repeating: 7, count: 16)
        var mutator = Mutator(seed: 11)
        var accepted = 0
        var codes: Set<ModelFileError.Code> = []
        for _ in 0..<10_000 {
            var bytes = good
            mutator.change(&bytes, in: 0..<bytes.count)
            do throws(ModelFileError) {
                let file = try SafeTensorsFile(source: source(bytes), path: "test.safetensors")
                // Every range lies inside the file.
                for tensor in file.tensors {
                    _ = file.source.bytes[tensor.offset..<tensor.offset + tensor.byteCount].count
                }
                accepted += 1
            } catch {
                codes.insert(error.code)
            }
        }
        #expect(accepted > 100)
        #expect(codes.count >= 4)
    }
}
