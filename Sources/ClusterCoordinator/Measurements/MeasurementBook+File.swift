// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterPlanning

/// A book that cannot be read or written.
package struct MeasurementBookError: RemediableError, Equatable {
    package let message: String
}

extension MeasurementBook {
    package static let fileName = "measurements.json"

    /// Reads the book of a directory; one that is not there is empty.
    ///
    /// Blocks.
    ///
    /// - Throws: ``MeasurementBookError`` naming the file; what is in it can be measured again.
    package static func load(directory: String) throws(MeasurementBookError) -> MeasurementBook {
        let path = directory + "/" + fileName
        let file: MappedFile
        do throws(FileError) {
            file = try MappedFile(path: path)
        } catch {
            if error.isMissing { return MeasurementBook() }
            throw MeasurementBookError(message: error.message)
        }
        guard file.byteCount <= Limits.bookBytesMax else {
            throw unusable(path, "\(file.byteCount) bytes; at most \(Limits.bookBytesMax) are read")
        }
        let fields: BookFields
        do throws(JSONError) {
            fields = try file.withBytes { bytes throws(JSONError) in
                var json = JSONReader<JSONError>(bytes, file: path)
                let fields = try BookFields(&json)
                try json.finish()
                return fields
            }
        } catch {
            throw unusable(
                path, "byte \(error.offset): found \(error.found), expected \(error.expected)")
        }
        do throws(ProfileError) {
            return try MeasurementBook(fields)
        } catch {
            throw unusable(path, error.message)
        }
    }

    /// Writes the book, in one go: a reader finds the old one or the new one.
    ///
    /// Blocks.
    ///
    /// - Throws: ``MeasurementBookError`` naming the file.
    package func save(directory: String) throws(MeasurementBookError) {
        let text = Array((json.encoded + "\n").utf8)
        do throws(FileError) {
            try FileSystem.makeDirectory(directory)
            try OutputFile.write(text, to: directory + "/" + Self.fileName)
        } catch {
            throw MeasurementBookError(message: error.message)
        }
    }

    private static func unusable(_ path: String, _ reason: String) -> MeasurementBookError {
        MeasurementBookError(
            message: "\(path): \(reason); delete the file, what was in it will be measured again")
    }
}
