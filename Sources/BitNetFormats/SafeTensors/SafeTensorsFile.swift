// SPDX-License-Identifier: MIT

import BitNetCore

/// A safetensors file: its header read and checked on opening, its tensors left where they are.
///
/// Layout: u64 length N of the header, N bytes of JSON `{name: {dtype, shape, data_offsets: [begin, end]}}`,
/// the tensors; offsets count from byte 8 + N. Little-endian, row-major.
package struct SafeTensorsFile: Sendable {
    package let path: String
    /// In the order of the header; every range lies inside the file, no two overlap, names are unique.
    package let tensors: [SafeTensor]
    package let source: ByteSource

    /// Maps and checks a file.
    ///
    /// - Throws: ``FileError`` or ``ModelFileError``.
    package init(path: String) throws {
        try self.init(source: .mapped(MappedFile(path: path)), path: path)
    }

    package init(source: ByteSource, path: String) throws(ModelFileError) {
        self.source = source
        self.path = path
        try ForeignFile.refuse(source.bytes, file: path, expected: "a safetensors file")
        tensors = try Self.readHeader(source.bytes, path: path)
        try Self.checkOverlap(tensors, path: path)
    }

    /// The file on disk, if it is there.
    var sourceFile: SourceFile? {
        guard case .mapped(let file) = source else { return nil }
        return SourceFile(file, headerByteCount: tensors.map(\.offset).min() ?? file.byteCount)
    }

    private static func readHeader(
        _ bytes: UnsafeRawBufferPointer, path: String
    ) throws(ModelFileError) -> [SafeTensor] {
        var reader = LittleEndianReader(bytes)
        guard let length = reader.integer(UInt64.self) else {
            throw ModelFileError(
                .truncated, file: path, offset: 0, found: "\(bytes.count) bytes",
                expected: "the length of a header")
        }
        guard length <= UInt64(clamping: reader.remaining), length <= UInt64(Limits.safeTensorsHeaderBytesMax)
        else {
            if length <= UInt64(Limits.safeTensorsHeaderBytesMax),
                bytes.dropFirst(8).first == UInt8(ascii: "{")
            {
                throw truncated(
                    path, byteCount: bytes.count, end: "more than \(8 + length), its header alone")
            }
            throw ModelFileError(
                .notSafeTensors, file: path, offset: 0, found: "a header of \(length) bytes",
                expected: "at most \(min(reader.remaining, Limits.safeTensorsHeaderBytesMax))",
                remedy: "the file is no safetensors file, or is not finished; download it again")
        }
        let dataStart = 8 + Int(clamping: length)
        let header = UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart])
        do throws(ModelFileError) {
            return try read(header, path: path, fileByteCount: bytes.count)
        } catch {
            // Of a file that was cut off the header still says how long it was.
            guard error.code == .tensorOutsideFile,
                let all = try? read(header, path: path, fileByteCount: .max),
                let end = contiguousEnd(all, from: dataStart)
            else { throw error }
            throw truncated(path, byteCount: bytes.count, end: "\(end), the end of the last tensor")
        }
    }

    private static func truncated(_ path: String, byteCount: Int, end: String) -> ModelFileError {
        ModelFileError(
            .truncated, file: path, found: "\(byteCount) bytes", expected: end,
            remedy: "the file is cut off, as by a download that was not finished; download it again")
    }

    /// Where the last tensor ends; `nil` unless they lie one behind the other.
    private static func contiguousEnd(_ tensors: [SafeTensor], from start: Int) -> Int? {
        var end = start
        for tensor in tensors.sorted(by: { $0.offset < $1.offset }) {
            guard tensor.offset == end else { return nil }
            end += tensor.byteCount
        }
        return end
    }

    private static func read(
        _ header: UnsafeRawBufferPointer, path: String, fileByteCount: Int
    ) throws(ModelFileError) -> [SafeTensor] {
        let dataStart = 8 + header.count
        var json = ModelJSONReader(header, file: path, fileOffset: 8)
        var tensors: [SafeTensor] = []
        var names: Set<String> = []
        try json.readObject { json, name throws(ModelFileError) in
            if name == "__metadata__" { return try json.skip() }
            guard name.utf8.count <= Limits.tensorNameBytesMax, !name.isEmpty else {
                throw json.unexpected("a tensor's name of 1...\(Limits.tensorNameBytesMax) bytes")
            }
            guard names.insert(name).inserted else {
                throw ModelFileError(
                    .duplicateTensor, file: path, subject: name, offset: json.fileOffset,
                    found: "the tensor again", expected: "each tensor once")
            }
            guard names.count <= Limits.ggufTensorsMax else {
                throw json.unexpected("at most \(Limits.ggufTensorsMax) tensors")
            }
            tensors.append(try SafeTensor(name, &json, dataStart: dataStart, fileByteCount: fileByteCount))
        }
        try json.finish()
        return tensors
    }

    private static func checkOverlap(_ tensors: [SafeTensor], path: String) throws(ModelFileError) {
        let sorted = tensors.sorted { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) }
        for (previous, next) in zip(sorted, sorted.dropFirst()) {
            guard next.offset >= previous.offset + previous.byteCount else {
                throw ModelFileError(
                    .overlappingTensors, file: path, subject: next.name, offset: next.offset,
                    found: "a start inside \(ModelFileError.printable(previous.name))",
                    expected: "byte \(previous.offset + previous.byteCount) or later")
            }
        }
    }
}

/// One entry of the header.
package struct SafeTensor: Equatable, Sendable {
    /// Types of which the size is known; others are refused where their tensor is needed.
    enum ElementType: String, Sendable {
        case boolean = "BOOL"
        case uint8 = "U8"
        case int8 = "I8"
        case uint16 = "U16"
        case int16 = "I16"
        case float16 = "F16"
        case bfloat16 = "BF16"
        case uint32 = "U32"
        case int32 = "I32"
        case float32 = "F32"
        case uint64 = "U64"
        case int64 = "I64"
        case float64 = "F64"

        var byteCount: Int {
            switch self {
            case .boolean, .uint8, .int8: 1
            case .uint16, .int16, .float16, .bfloat16: 2
            case .uint32, .int32, .float32: 4
            case .uint64, .int64, .float64: 8
            }
        }
    }

    package let name: String
    let elementType: ElementType?
    /// For messages.
    package let typeName: String
    /// Slowest-varying dimension first.
    package let shape: [Int]
    /// Bytes from the start of the file.
    package let offset: Int
    package let byteCount: Int

    /// Outputs of a matrix; 1 for a vector.
    package var rows: Int { shape.dropLast().reduce(1, *) }
    package var columns: Int { shape.last ?? 1 }

    init(
        _ name: String, _ json: inout ModelJSONReader, dataStart: Int, fileByteCount: Int
    ) throws(ModelFileError) {
        let place = json.fileOffset
        let file = json.file
        func malformed(_ found: String, _ expected: String) -> ModelFileError {
            ModelFileError(
                .malformedTensor, file: file, subject: name, offset: place, found: found, expected: expected)
        }
        var type: String?
        var shape: [Int]?
        var range: [Int]?
        try json.readObject { json, key throws(ModelFileError) in
            switch key {
            case "dtype": type = try json.readText()
            case "shape": shape = try Self.integers(&json, max: Limits.safeTensorsRankMax)
            case "data_offsets": range = try Self.integers(&json, max: 2)
            default: try json.skip()
            }
        }
        guard let type, let shape, let range, range.count == 2 else {
            throw malformed("an incomplete entry", "dtype, shape and data_offsets of two numbers")
        }
        var elementCount = 1
        for dimension in shape {
            let (product, overflow) = elementCount.multipliedReportingOverflow(by: dimension)
            guard dimension > 0, !overflow else {
                throw malformed("shape \(shape)", "dimensions of at least 1 that 63 bits can count")
            }
            elementCount = product
        }
        let (begin, end) = (range[0], range[1])
        guard begin >= 0, begin <= end, end <= fileByteCount - dataStart else {
            throw ModelFileError(
                .tensorOutsideFile, file: file, subject: name, offset: place,
                found: "data_offsets \(begin)…\(end)",
                expected: "a range inside the \(fileByteCount - dataStart) bytes of data")
        }
        elementType = ElementType(rawValue: type)
        if let elementType {
            let (byteCount, overflow) = elementCount.multipliedReportingOverflow(by: elementType.byteCount)
            guard !overflow, byteCount == end - begin else {
                throw malformed("\(end - begin) bytes for \(type) \(shape)", "as many as the shape takes")
            }
        }
        self.name = name
        typeName = ModelFileError.printable(type)
        self.shape = shape
        offset = dataStart + begin
        byteCount = end - begin
    }

    private static func integers(_ json: inout ModelJSONReader, max: Int) throws(ModelFileError) -> [Int] {
        var values: [Int] = []
        try json.readArray { json throws(ModelFileError) in
            guard values.count < max else { throw json.unexpected("at most \(max) numbers") }
            values.append(try json.readInteger())
        }
        return values
    }
}
