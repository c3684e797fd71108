// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetSynthesis
import ModelTestSupport
import TestSupport
import Testing

/// Files of block types that are damaged, or of another program than their numbers of types suggest.
@Suite struct GroupFaultTests {
    private static let query = "blk.0.attn_q.weight"

    private func error(_ storage: GroupModel.Storage, _ change: (inout [UInt8]) -> Void) -> ModelFileError? {
        var builder = GroupModel.builder(storage)
        builder.change(Self.query) { change(&$0.data) }
        return #expect(throws: ModelFileError.self) { try openModel(builder.bytes).pack(.layer(0)) }
    }

    @Test(arguments: [GroupModel.Storage.q2, .oldQ2, .pq2])
    func `the code 3 is said to be of a four-level model`(storage: GroupModel.Storage) throws {
        let found = error(storage) { $0[4] |= 0xC0 }
        #expect(found?.code == .badCode)
        #expect(found?.message.contains("four-level model") == true)
        #expect(found?.message.contains(Self.query) == true)
        #expect(found?.message.contains("row 0") == true)
    }

    @Test func `a byte of base 3 that no encoder writes is refused`() {
        #expect(error(.ptq1) { $0[28 * 2 + 25] = 1 }?.code == .badCode)
    }

    @Test(
        arguments: GroupModel.Storage.allCases.filter { $0.id > 40 },
        [Float16.nan, .infinity, -.infinity, -0.5])
    func `a scale that is none is refused where it stands`(storage: GroupModel.Storage, scale: Float16) throws
    {
        guard case .blocks(let block) = storage.storage else { return }
        let found = error(storage) { data in
            let start = 3 * block.byteCount + block.scaleOffset
            data.replaceSubrange(start..<start + 2, with: littleEndian(scale.bitPattern))
        }
        #expect(found?.code == .badScale)
        let tensor = try openModel(GroupModel.builder(storage).bytes).tensor(named: Self.query)
        #expect(found?.offset == tensor.map { $0.offset + 3 * block.byteCount })
    }

    @Test(arguments: [GroupModel.Storage.float16, .bfloat16, .float32])
    func `a plain weight that is not finite is refused`(storage: GroupModel.Storage) {
        let found = error(storage) { data in
            let size = data.count / (256 * 256)
            // All bits of the exponent.
            data.replaceSubrange(5 * size..<6 * size, with: [UInt8](repeating: 0xFF, count: size))
        }
        #expect(found?.code == .notTernary)
    }

    // MARK: Numbers of types with several meanings

    private func openError(_ type: UInt32, byteCount: Int) -> ModelFileError? {
        var builder = GroupModel.builder()
        builder.change(Self.query) { tensor in
            tensor.type = type
            tensor.data = [UInt8](repeating: 0x55, count: byteCount)
        }
        return #expect(throws: ModelFileError.self) { try openModel(builder.bytes) }
    }

    @Test(
        arguments: [
            (142, 256 * (512 / 4 + 4), "IQ2_TN"), (143, 256 * (8 * 13 + 2), "IQ1_TN"),
            (43, 256 * 2 * 42, "STQ1_0"), (43, 256 * 4 * 34, "Q1_0_g128"), (44, 256 * 4 * 28, "Q1_T_g128"),
            (45, 4096, "Q1_R_g128"),
        ] as [(UInt32, Int, String)])
    func `a type of another program is told by its room and refused by name`(
        type: UInt32, byteCount: Int, name: String
    ) {
        var builder = GroupModel.builder(.q2)
        let down = "blk.0.ffn_down.weight"
        // Of these numbers there is but one tensor.
        builder.change(down) { tensor in
            tensor.type = type
            tensor.data = [UInt8](repeating: 0x55, count: byteCount)
        }
        let error = #expect(throws: ModelFileError.self) { try openModel(builder.bytes) }
        #expect(error?.code == .unsupportedTensorType)
        #expect(error?.message.contains(name) == true)
        #expect(error?.subject == down)
    }

    @Test func `room that fits no meaning is refused with all of them`() {
        for (type, wrong) in [(42, 256 * 256 / 4), (142, 256 * 72), (143, 256 * 80)] as [(UInt32, Int)] {
            let error = openError(type, byteCount: wrong)
            #expect(error?.code == .unsupportedTensorType)
            #expect(error?.message.contains("\(wrong) bytes") == true)
            #expect(error?.message.contains("of type \(type)") == true)
        }
    }

    @Test func `tensors of one number with different meanings are refused`() {
        var builder = GroupModel.builder(.q2)
        builder.change(Self.query) {
            $0.data = GroupModel.data(Self.query, rows: 256, columns: 256, .blocks(.q2Group128))
        }
        let error = #expect(throws: ModelFileError.self) { try openModel(builder.bytes) }
        #expect(error?.code == .unsupportedTensorType)
    }

    @Test(arguments: [GroupModel.Storage.q2, .oldQ2, .pq2, .ptq1])
    func `a file that is cut off is called that`(storage: GroupModel.Storage) throws {
        let bytes = GroupModel.builder(storage).unpadded
        // The last tensor ends where the file does.
        #expect(throws: Never.self) { try openModel(bytes) }
        for cut in [1, 33, 5000] {
            let error = #expect(throws: ModelFileError.self) { try openModel(Array(bytes.dropLast(cut))) }
            #expect(error?.code == .truncated, "\(cut): \(error?.message ?? "")")
        }
    }

    @Test func `rotated weights are refused by name`() {
        for key in ["prism.hadamard.version", "forge.rotation.kind"] {
            var builder = GroupModel.builder()
            builder.set(key, integer: 1)
            let error = #expect(throws: ModelFileError.self) { try openModel(builder.bytes) }
            #expect(error?.code == .unsupportedQuantisation && error?.subject == key)
        }
    }

    @Test(arguments: GroupModel.Storage.allCases)
    func `three hundred mutated files are read or refused`(storage: GroupModel.Storage) throws {
        let good = GroupModel.builder(storage, layers: 1)
        let header = good.header.count
        let bytes = good.bytes
        var mutator = Mutator(seed: 17)
        for round in 0..<300 {
            var changed = bytes
            mutator.change(&changed, in: round % 3 == 0 ? 0..<changed.count : 0..<header)
            guard let model = try? openModel(changed) else { continue }
            for kind in ModelFile.kinds(of: model.description) {
                guard let part = try? model.pack(kind) else { continue }
                try part.withView { try $0.check(kind, of: model.description) }
            }
        }
    }

    // MARK: Rows of parts

    @Test(arguments: TensorEncoding.allCases.filter(\.isTernary))
    func `a row's bytes are checked to their limits`(encoding: TensorEncoding) throws {
        let columns = 256
        let group = encoding.scaleGroup ?? columns
        let byteCount = encoding.scaleGroup == nil ? 52 : encoding.groupByteCount
        let scaleCount = encoding.hasScalesInRows ? columns / group : 0
        let largest: [UInt8] =
            encoding.scaleByteCount == 2
            ? littleEndian(0x7BFF as UInt16) : littleEndian(0x7F7F_FFFF as UInt32)
        let codes = [UInt8](repeating: 2, count: group)
        let padded = codes + [UInt8](repeating: 1, count: byteCount * 5 - group)
        let trits = encodeT5(padded.map { Int8($0) - 1 })
        let row =
            (0..<columns / group).flatMap { _ in trits } + (0..<scaleCount).flatMap { _ in largest }
        #expect(row.count == encoding.rowByteCount(columns: columns))
        func firstInvalid(_ row: [UInt8]) -> Int? {
            row.withUnsafeBytes { T5.firstInvalidByte(in: $0, columns: columns, encoding) }
        }
        #expect(firstInvalid(row) == nil)
        #expect(firstInvalid(Array(row.dropLast())) == row.count - 1)
        for place in 0..<columns / group * byteCount {
            var wrong = row
            wrong[place] = 243
            #expect(firstInvalid(wrong) == place)
        }
        var wrong = row
        // 242 is five weights 1, which padding is not.
        wrong[byteCount - 1] = 242
        #expect(firstInvalid(wrong) == byteCount - 1)
        for index in 0..<scaleCount {
            let place = columns / group * byteCount + index * encoding.scaleByteCount
            wrong = row
            // The next one up is infinite; the other is negative.
            for (byte, last) in [(0x80, 0x7F), (0, 0x80)] as [(UInt8, UInt8)] {
                wrong = row
                if encoding.scaleByteCount == 2 { wrong[place] = 0 } else { wrong[place + 2] = byte }
                wrong[place + encoding.scaleByteCount - 1] =
                    encoding.scaleByteCount == 2 && last == 0x7F ? 0x7C : last
                #expect(firstInvalid(wrong) == place)
            }
        }
    }
}
