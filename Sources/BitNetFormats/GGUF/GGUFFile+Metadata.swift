// SPDX-License-Identifier: MIT

import BitNetCore

/// Typed access to metadata. Each method gives `nil` where the key is absent and throws where its value is
/// of another kind.
extension GGUFFile {
    /// An integer of any width.
    ///
    /// Some writers give one value for each layer; an array is accepted when all its values are equal.
    package func integer(_ key: String) throws(ModelFileError) -> Int? {
        guard let value = metadata[key] else { return nil }
        switch value {
        case .unsigned(let number):
            if let number = Int(exactly: number) { return number }
        case .signed(let number):
            return Int(clamping: number)
        case .array(let array) where array.elementType != .string:
            let all = try integers(array, key)
            if let first = all.first, all.allSatisfy({ $0 == first }) { return first }
            throw mismatch(key, found: "values that differ by layer", expected: "one value for all layers")
        default: break
        }
        throw mismatch(key, found: value.kindName, expected: "an integer")
    }

    package func float(_ key: String) throws(ModelFileError) -> Float? {
        switch metadata[key] {
        case nil: return nil
        case .float(let value): return Float(value)
        case .some(let other): throw mismatch(key, found: other.kindName, expected: "a floating-point number")
        }
    }

    package func flag(_ key: String) throws(ModelFileError) -> Bool? {
        switch metadata[key] {
        case nil: return nil
        case .bool(let value): return value
        case .some(let other): throw mismatch(key, found: other.kindName, expected: "a truth value")
        }
    }

    package func text(_ key: String) throws(ModelFileError) -> String? {
        switch metadata[key] {
        case nil: return nil
        case .string(let range):
            guard let text = String(validating: bytes[range], as: UTF8.self) else {
                throw mismatch(key, found: "bytes that are not UTF-8", expected: "text")
            }
            return text
        case .some(let other): throw mismatch(key, found: other.kindName, expected: "a string")
        }
    }

    /// The strings of an array, as ranges of the file (a vocabulary's strings need not be UTF-8).
    package func strings(_ key: String) throws(ModelFileError) -> [Range<Int>]? {
        guard let value = metadata[key] else { return nil }
        guard case .array(let array) = value, array.elementType == .string else {
            throw mismatch(key, found: value.kindName, expected: "an array of strings")
        }
        var cursor = GGUFCursor(UnsafeRawBufferPointer(rebasing: bytes[array.range]), file: path)
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(array.count)  // bounded: every string takes eight bytes of the file
        for _ in 0..<array.count {
            let range = try cursor.string(key, max: Limits.ggufStringBytesMax)
            ranges.append(
                array.range.lowerBound + range.lowerBound..<array.range.lowerBound + range.upperBound)
        }
        return ranges
    }

    /// The integers of an array.
    package func integers(_ key: String) throws(ModelFileError) -> [Int]? {
        guard let value = metadata[key] else { return nil }
        guard case .array(let array) = value else {
            throw mismatch(key, found: value.kindName, expected: "an array of integers")
        }
        return try integers(array, key)
    }

    /// The floating-point numbers of an array.
    package func floats(_ key: String) throws(ModelFileError) -> [Float]? {
        guard let value = metadata[key] else { return nil }
        guard case .array(let array) = value else {
            throw mismatch(key, found: value.kindName, expected: "an array of numbers")
        }
        var cursor = GGUFCursor(UnsafeRawBufferPointer(rebasing: bytes[array.range]), file: path)
        var result: [Float] = []
        for _ in 0..<array.count {
            guard case .float(let number) = try cursor.value(array.elementType, key) else {
                throw mismatch(
                    key, found: "an array of \(array.elementType)", expected: "an array of numbers")
            }
            result.append(Float(number))
        }
        return result
    }

    private func integers(_ array: GGUFArray, _ key: String) throws(ModelFileError) -> [Int] {
        var cursor = GGUFCursor(UnsafeRawBufferPointer(rebasing: bytes[array.range]), file: path)
        var result: [Int] = []
        for _ in 0..<array.count {
            let number: Int? =
                switch try cursor.value(array.elementType, key) {
                case .unsigned(let number): Int(exactly: number)
                case .signed(let number): Int(clamping: number)
                default: nil
                }
            guard let number else {
                throw mismatch(
                    key, found: "an array of \(array.elementType)", expected: "an array of integers")
            }
            result.append(number)
        }
        return result
    }

    func mismatch(_ key: String, found: String, expected: String) -> ModelFileError {
        ModelFileError(.malformedValue, file: path, subject: key, found: found, expected: expected)
    }
}
