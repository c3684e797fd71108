// SPDX-License-Identifier: MIT

import BitNetCore

/// The header of a GGUF file, read front to back: counts, metadata, tensor table.
///
/// Nothing is reserved from a count in the file: containers grow with what has really been read.
struct GGUFHeader {
    private var cursor: GGUFCursor
    private let fileByteCount: Int
    let version: UInt32
    private let tensorCount: Int
    private let keyCount: Int

    /// Key length, one byte of key, value type, one byte of value.
    private static let keyBytesMin = 8 + 1 + 4 + 1
    /// Name length, one byte of name, dimension count, one dimension, type, offset.
    private static let tensorBytesMin = 8 + 1 + 4 + 8 + 4 + 8

    init(_ bytes: UnsafeRawBufferPointer, file: String) throws(ModelFileError) {
        cursor = GGUFCursor(bytes, file: file)
        fileByteCount = bytes.count
        let magic = try cursor.integer(UInt32.self, "magic")
        guard magic == 0x4655_4747 else {
            guard !Self.looksLikeSafeTensors(bytes) else {
                throw ModelFileError(
                    .notGGUF, file: file, found: "a safetensors file", expected: "a GGUF file",
                    remedy: "give the directory that it stands in, with config.json and tokenizer.json")
            }
            throw ModelFileError(
                .notGGUF, file: file, offset: 0, found: "magic 0x\(String(magic, radix: 16))",
                expected: "GGUF", remedy: "give a model in GGUF form")
        }
        version = try cursor.integer(UInt32.self, "version")
        guard version & 0xFFFF != 0 || version == 0 else {
            throw ModelFileError(
                .bigEndian, file: file, offset: 4, found: "a big-endian file",
                expected: "a little-endian file",
                remedy: "convert it on a little-endian machine")
        }
        guard version == 2 || version == 3 else {
            throw ModelFileError(
                .unsupportedVersion, file: file, offset: 4, found: "GGUF version \(version)",
                expected: "2 or 3", remedy: "convert the model again with a current llama.cpp")
        }
        let entryBytes = cursor.remaining
        tensorCount = try cursor.count(
            "tensor count", max: min(Limits.ggufTensorsMax, entryBytes / Self.tensorBytesMin))
        keyCount = try cursor.count(
            "metadata count", max: min(Limits.ggufKeysMax, entryBytes / Self.keyBytesMin))
    }

    /// Behind eight bytes of length an object of JSON.
    private static func looksLikeSafeTensors(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count > 9 && bytes[8] == UInt8(ascii: "{") && bytes[9] == UInt8(ascii: "\"")
    }

    /// Bytes that have been read.
    var byteCount: Int { cursor.offset }

    mutating func readMetadata() throws(ModelFileError) -> [String: GGUFValue] {
        var metadata: [String: GGUFValue] = [:]
        for index in 0..<keyCount {
            let start = cursor.offset
            let range = try cursor.string("metadata key \(index)", max: Limits.ggufKeyBytesMax)
            guard !range.isEmpty, let key = cursor.text(range) else {
                throw ModelFileError(
                    .malformedKey, file: cursor.file, offset: start,
                    found: range.isEmpty ? "an empty key" : "a key that is not UTF-8",
                    expected: "1...\(Limits.ggufKeyBytesMax) bytes of text")
            }
            let type = try cursor.valueType(key)
            let value = try cursor.value(type, key)
            guard metadata.updateValue(value, forKey: key) == nil else {
                throw ModelFileError(
                    .duplicateKey, file: cursor.file, subject: key, offset: start, found: "the key again",
                    expected: "each key once")
            }
        }
        return metadata
    }

    /// The tensor table, which follows the metadata.
    mutating func readTensors(alignment: Int) throws(ModelFileError) -> [GGUFTensor] {
        var entries: [Entry] = []
        var names: Set<String> = []
        for index in 0..<tensorCount {
            let start = cursor.offset
            let entry = try readEntry(index)
            guard names.insert(entry.name).inserted else {
                throw ModelFileError(
                    .duplicateTensor, file: cursor.file, subject: entry.name, offset: start,
                    found: "the tensor again", expected: "each tensor once")
            }
            entries.append(entry)
        }
        // The header lies inside the file, so this cannot overflow.
        let dataStart = (cursor.offset + alignment - 1) & ~(alignment - 1)
        try findMeanings(&entries, dataByteCount: max(fileByteCount - dataStart, 0), alignment: alignment)
        if let end = Self.end(of: entries, dataStart: dataStart, alignment: alignment), end > fileByteCount {
            throw ModelFileError(
                .truncated, file: cursor.file, found: "\(fileByteCount) bytes",
                expected: "\(end), the end of the last tensor",
                remedy: "the file is cut off, as by a download that was not finished; download it again")
        }
        var tensors: [GGUFTensor] = []
        for entry in entries {
            tensors.append(try place(entry, dataStart: dataStart, alignment: alignment))
        }
        return tensors
    }

    /// Where the last tensor ends; `nil` unless each lies behind the one before, as converters write them: of others
    /// nobody knows what the whole file would be.
    private static func end(of entries: [Entry], dataStart: Int, alignment: Int) -> Int? {
        guard !entries.isEmpty else { return nil }
        var next = 0
        var end = dataStart
        for entry in entries {
            guard entry.relativeOffset == UInt64(clamping: next), entry.type.size != .unknown,
                let byteCount = entry.byteCount(as: entry.type),
                byteCount <= Int.max / 4, next <= Int.max / 4
            else { return nil }
            end = dataStart + next + byteCount
            next = (next + byteCount + alignment - 1) & ~(alignment - 1)
        }
        return end
    }

    private struct Entry {
        var name: String
        var dimensions: [Int]
        var elementCount: Int
        var type: TensorType
        var relativeOffset: UInt64
        /// Of the table entry, for messages.
        var headerOffset: Int

        /// Bytes of its values; `nil` if nobody can say.
        func byteCount(as type: TensorType) -> Int? {
            guard dimensions[0].isMultiple(of: type.blockElementCount) else { return nil }
            return type.byteCount(rows: elementCount / dimensions[0], columns: dimensions[0])
        }
    }

    /// Decides what types mean whose numbers have several meanings, once for the file, by the distance from each of their
    /// tensors to the next one.
    private func findMeanings(
        _ entries: inout [Entry], dataByteCount: Int, alignment: Int
    ) throws(ModelFileError) {
        let ids = Set(entries.map(\.type.id)).intersection(TensorType.meanings.keys)
        guard !ids.isEmpty else { return }
        let starts = entries.map(\.relativeOffset).sorted()
        // Of tensors that start at the same place, which is refused later, the last one counts.
        let rooms = Dictionary(
            zip(starts, starts.dropFirst() + [UInt64(clamping: dataByteCount)]).map { start, end in
                (start, end > start ? end - start : 0)
            }, uniquingKeysWith: { $1 })
        for id in ids.sorted() {
            let ofThisType = entries.indices.filter { entries[$0].type.id == id }
            var meanings = TensorType.meanings[id] ?? []
            for index in ofThisType {
                let entry = entries[index]
                let room = rooms[entry.relativeOffset] ?? 0
                let isLast = entry.relativeOffset == starts.last
                let fitting = meanings.filter { meaning in
                    guard let byteCount = entry.byteCount(as: meaning) else { return false }
                    let padded = (byteCount + alignment - 1) & ~(alignment - 1)
                    return room == UInt64(clamping: padded) || isLast && room == UInt64(clamping: byteCount)
                }
                // Others have told; whether the last one is whole is found out later.
                if fitting.isEmpty, isLast, ofThisType.count > 1 { continue }
                guard !fitting.isEmpty || !meanings.contains(where: \.isReadable) else {
                    throw unfitting(entry, meanings, room: room)
                }
                meanings = fitting
            }
            guard let meaning = meanings.first else { continue }
            for index in ofThisType { entries[index].type = meaning }
        }
    }

    private func unfitting(_ entry: Entry, _ meanings: [TensorType], room: UInt64) -> ModelFileError {
        let wanted = meanings.compactMap { meaning in
            entry.byteCount(as: meaning).map { "\($0) as \(meaning.name)" }
        }
        return ModelFileError(
            .unsupportedTensorType, file: cursor.file, subject: entry.name, offset: entry.headerOffset,
            found: "\(room) bytes for \(entry.elementCount) values of type \(entry.type.id)",
            expected: wanted.isEmpty
                ? "rows of whole blocks" : wanted.joined(separator: " or ") + ", rounded up to the alignment",
            remedy:
                "a program with types of its own wrote the file, or it is damaged; convert the original model "
                + "to TQ2_0 or Q2_0, or download it again")
    }

    private mutating func readEntry(_ index: Int) throws(ModelFileError) -> Entry {
        let start = cursor.offset
        let range = try cursor.string("name of tensor \(index)", max: Limits.tensorNameBytesMax)
        guard !range.isEmpty, let name = cursor.text(range) else {
            throw malformed(
                "tensor \(index)", start, found: range.isEmpty ? "an empty name" : "a name that is not UTF-8",
                expected: "1...\(Limits.tensorNameBytesMax) bytes of text")
        }
        let dimensionCount = try cursor.integer(UInt32.self, name)
        guard (1...4).contains(dimensionCount) else {
            throw malformed(name, start, found: "\(dimensionCount) dimensions", expected: "1...4")
        }
        var dimensions: [Int] = []
        var elementCount = 1
        for _ in 0..<dimensionCount {
            let dimension = try cursor.integer(UInt64.self, name)
            guard let size = Int(exactly: dimension), size > 0 else {
                throw malformed(name, start, found: "a dimension of \(dimension)", expected: "at least 1")
            }
            let (product, overflow) = elementCount.multipliedReportingOverflow(by: size)
            guard !overflow else {
                throw malformed(
                    name, start, found: "more values than 63 bits can count", expected: "a real shape")
            }
            dimensions.append(size)
            elementCount = product
        }
        let type = TensorType(id: try cursor.integer(UInt32.self, name))
        guard dimensions[0].isMultiple(of: type.blockElementCount) else {
            throw malformed(
                name, start, found: "rows of \(dimensions[0]) values",
                expected: "a multiple of \(type.blockElementCount), as \(type.name) stores blocks")
        }
        return Entry(
            name: name, dimensions: dimensions, elementCount: elementCount, type: type,
            relativeOffset: try cursor.integer(UInt64.self, name), headerOffset: start)
    }

    private func place(
        _ entry: Entry, dataStart: Int, alignment: Int
    ) throws(ModelFileError) -> GGUFTensor {
        guard entry.relativeOffset.isMultiple(of: UInt64(clamping: alignment)) else {
            throw ModelFileError(
                .misalignedTensor, file: cursor.file, subject: entry.name, offset: entry.headerOffset,
                found: "data offset \(entry.relativeOffset)", expected: "a multiple of \(alignment)")
        }
        let byteCount = entry.byteCount(as: entry.type)
        let offset = Int(exactly: entry.relativeOffset)?.addingReportingOverflow(dataStart)
        // A type of unknown size still has to start inside the file.
        let needed = entry.type.size == .unknown ? 1 : byteCount
        guard let offset, !offset.overflow, let needed, offset.partialValue <= fileByteCount,
            needed <= fileByteCount - offset.partialValue
        else {
            throw ModelFileError(
                .tensorOutsideFile, file: cursor.file, subject: entry.name, offset: entry.headerOffset,
                found: "data of \(byteCount.map(String.init) ?? "unknown many") bytes at data offset "
                    + "\(entry.relativeOffset)",
                expected: "all of it inside the file of \(fileByteCount) bytes")
        }
        return GGUFTensor(
            name: entry.name, dimensions: entry.dimensions, type: entry.type, offset: offset.partialValue,
            byteCount: byteCount)
    }

    private func malformed(
        _ subject: String, _ offset: Int, found: String, expected: String
    ) -> ModelFileError {
        ModelFileError(
            .malformedTensor, file: cursor.file, subject: subject, offset: offset, found: found,
            expected: expected)
    }
}
