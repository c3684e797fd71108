// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import ModelTestSupport
import TestSupport
import Testing

@Suite struct PartFileTests {
    /// The first layer of the tiny model.
    static func layer() throws -> [UInt8] {
        let part = try openModel(TinyModel.builder().bytes).pack(.layer(0))
        return try part.withBytes { [UInt8]($0) }
    }

    static func view(_ bytes: [UInt8]) throws(PartFileError) -> Int {
        let result = bytes.withUnsafeBytes { raw in
            // Touches every byte of every tensor: a range outside the file would trap.
            Result { () throws(PartFileError) in
                try PartView(bytes: raw).tensors.values.reduce(0) { $0 + $1.bytes.reduce(0) { $0 ^ Int($1) } }
            }
        }
        return try result.get()
    }

    @Test func `the header stands where the documentation says`() throws {
        let bytes = try Self.layer()
        #expect(Array(bytes[0..<4]) == Array("BNPT".utf8))
        #expect(
            Array(bytes[4..<16]) == littleEndian(UInt32(1)) + littleEndian(UInt32(512))
                + littleEndian(UInt32(11)))
        // Entry 1 is the query matrix [12, 12], T5, behind 48 bytes of norm and 16 of padding.
        let entry = Array(bytes[56..<96])
        #expect(entry[0] == TensorRole.query.rawValue)
        #expect(entry[1] == TensorEncoding.t5.rawValue)
        #expect(Array(entry[2..<4]) == [0, 0])
        #expect(Array(entry[4..<8]) == littleEndian(Float(0.5).bitPattern))
        #expect(Array(entry[8..<40]) == [12, 12, 576, 36].flatMap { littleEndian(UInt64($0)) })
        #expect(bytes.count.isMultiple(of: 64))
    }

    @Test func `a view gives back shapes, scales and weights`() throws {
        let model = try openModel(TinyModel.builder().bytes)
        try model.pack(.layer(1)).withView { view in
            try view.check(.layer(1), of: model.description)
            let down = try #require(view.tensors[.down])
            #expect(down.rows == 12 && down.columns == 17 && down.scale == 0.5)
            let trits = (0..<12).compactMap { T5.trits(down.row($0), columns: 17) }.flatMap(\.self)
            #expect(trits == TinyModel.trits(12 * 17, seed: UInt64(16 + "ffn_down".utf8.count)))
            let norm = try #require(view.tensors[.feedForwardSubNorm])
            #expect(norm.encoding == .float32 && norm.scale == 1)
            #expect([UInt8](norm.bytes) == TinyModel.gains(17))
        }
    }

    @Test(arguments: [TensorEncoding.q8Zero, .q4Zero, .q4K, .q6K])
    func `quantised tables are whole blocks`(encoding: TensorEncoding) throws {
        let columns = encoding.blockElementCount
        let layout = try #require(PartLayout([(.embedding, encoding, 3, 2 * columns)]))
        #expect(layout.entries[0].byteCount == 6 * encoding.rowByteCount(columns: columns))
        #expect(PartLayout([(.embedding, encoding, 3, 2 * columns + columns / 2)]) == nil)

        var bytes = layout.header(scales: [1])
        bytes += [UInt8](repeating: 0, count: layout.byteCount - bytes.count)
        try bytes.withUnsafeBytes { bytes in
            let table = try #require(try PartView(bytes: bytes).tensors[.embedding])
            #expect(table.encoding == encoding && table.columns == 2 * columns)
            #expect(table.row(1).count == table.rowByteCount)
        }
        bytes[16 + 16] += 1
        let error = #expect(throws: PartFileError.self) {
            try bytes.withUnsafeBytes { _ = try PartView(bytes: $0) }
        }
        #expect(error?.code == .malformedTensor)
        #expect(error?.message.contains("blocks of \(columns)") == true)
    }

    @Test func `a part is checked against the kind and the model`() throws {
        let model = try openModel(TinyModel.builder().bytes)
        try model.pack(.layer(0)).withView { layer in
            #expect(throws: PartFileError.self) { try layer.check(.outputNorm, of: model.description) }
            var wider = model.description
            wider.feedForwardSize += 1
            #expect(throws: PartFileError.self) { try layer.check(.layer(0), of: wider) }
            var plain = model.description
            plain.hasSubNorms = false
            #expect(throws: PartFileError.self) { try layer.check(.layer(0), of: plain) }
        }
    }

    @Test func `a part cut at any byte or one byte too long is refused`() throws {
        let bytes = try Self.layer()
        _ = try Self.view(bytes)
        for length in 0..<bytes.count {
            #expect(throws: PartFileError.self) { try Self.view(Array(bytes[..<length])) }
        }
        #expect(throws: PartFileError.self) { try Self.view(bytes + [0]) }
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let name: String
        let offset: Int
        let bytes: [UInt8]
        let code: PartFileError.Code
        var testDescription: String { name }
    }

    static let changes: [Change] = [
        Change(name: "magic", offset: 0, bytes: [0x61], code: .notPart),
        Change(name: "version", offset: 4, bytes: [2], code: .unsupportedVersion),
        Change(name: "header length", offset: 8, bytes: [64, 2], code: .malformedHeader),
        Change(name: "no tensors", offset: 12, bytes: [0], code: .malformedHeader),
        Change(name: "65 tensors", offset: 12, bytes: [65], code: .malformedHeader),
        Change(name: "unknown role", offset: 16, bytes: [3], code: .malformedTensor),
        Change(name: "a role twice", offset: 56, bytes: [16], code: .malformedTensor),
        Change(name: "unknown encoding", offset: 17, bytes: [9], code: .malformedTensor),
        Change(name: "reserved bits", offset: 18, bytes: [1], code: .malformedTensor),
        Change(
            name: "a scale on floats", offset: 20, bytes: littleEndian(Float(2).bitPattern),
            code: .malformedTensor),
        Change(
            name: "scale NaN", offset: 60, bytes: littleEndian(Float.nan.bitPattern), code: .malformedTensor),
        Change(
            name: "scale below 0", offset: 60, bytes: littleEndian(Float(-1).bitPattern),
            code: .malformedTensor),
        Change(name: "no rows", offset: 64, bytes: littleEndian(UInt64(0)), code: .malformedTensor),
        Change(name: "2⁶³ rows", offset: 64, bytes: littleEndian(UInt64(1) << 63), code: .malformedTensor),
        Change(
            name: "rows beyond the limit", offset: 64, bytes: littleEndian(UInt64(Limits.vocabularyMax + 1)),
            code: .malformedTensor),
        Change(
            name: "columns beyond the limit", offset: 72,
            bytes: littleEndian(UInt64(Limits.feedForwardSizeMax + 1)), code: .malformedTensor),
        Change(name: "one row more", offset: 64, bytes: [13], code: .wrongLayout),
        Change(name: "another offset", offset: 80, bytes: [0], code: .wrongLayout),
        Change(name: "another byte count", offset: 88, bytes: [37], code: .wrongLayout),
        Change(name: "padding behind the table", offset: 456, bytes: [1], code: .nonZeroPadding),
        Change(name: "padding between tensors", offset: 512 + 48, bytes: [1], code: .nonZeroPadding),
    ]

    @Test(arguments: changes)
    func `each fault of a part is refused by name`(change: Change) throws {
        var bytes = try Self.layer()
        bytes.replaceSubrange(change.offset..<change.offset + change.bytes.count, with: change.bytes)
        let error = #expect(throws: PartFileError.self) { try Self.view(bytes) }
        #expect(error?.code == change.code)
    }

    @Test func `ten thousand mutations of a part never trap`() throws {
        let good = try Self.layer()
        var mutator = Mutator(seed: 7)
        var refused = 0
        for round in 0..<10_000 {
            var bytes = good
            mutator.change(&bytes, in: round.isMultiple(of: 4) ? 0..<good.count : 0..<512)
            let isRefused = bytes.withUnsafeBytes { (try? PartView(bytes: $0)) == nil }
            if isRefused { refused += 1 }
            // Accepted means: nothing but weights and scales differs.
            if !isRefused { #expect(Array(bytes[0..<16]) == Array(good[0..<16])) }
        }
        #expect((5_000..<10_000).contains(refused))
    }
}
