// SPDX-License-Identifier: MIT
package import BitNetCore

/// How models are divided into segments, where an operator has asked for other ones than usual: text depends on it, so
/// that it stays as it was until he asks again.
package struct SegmentChoices: Equatable, Sendable {
    /// One model's.
    package struct Choice: Equatable, Sendable {
        package var model: String
        package var layerCount: Int
        package var hiddenSize: Int
        package var segmentLayers: Int

        package init(_ model: ModelDescription, segmentLayers: Int) {
            self.model = model.name
            layerCount = model.layerCount
            hiddenSize = model.hiddenSize
            self.segmentLayers = segmentLayers
        }

        func isSameModel(as other: Choice) -> Bool {
            (model, layerCount, hiddenSize) == (other.model, other.layerCount, other.hiddenSize)
        }
    }

    /// The latest last.
    private var choices: [Choice] = []

    static let fileName = "segments.json"
    private static let format = 1

    /// Layers of a segment of `model`: those that are asked for, which is kept, or those that were last time.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - wanted: what the operator asks for.
    ///   - directory: where it is kept; `nil` if nowhere.
    ///   - keeps: whether what is asked for is for later, too.
    /// - Throws: ``SegmentChoiceError`` naming the file.
    package static func segmentLayers(
        of model: ModelDescription, wanted: Int?, in directory: String?, keeps: Bool
    ) throws -> Int {
        let usual = PipelineRequest().segmentLayers
        guard let directory else { return wanted ?? usual }
        let choice = Choice(model, segmentLayers: wanted ?? usual)
        guard wanted != nil else {
            return try load(directory).choices.last { $0.isSameModel(as: choice) }?.segmentLayers ?? usual
        }
        if keeps {
            // Whatever is wrong with the file, this is the remedy.
            var all = (try? load(directory)) ?? SegmentChoices()
            guard all.record(choice) else { return choice.segmentLayers }
            try all.save(directory)
        }
        return choice.segmentLayers
    }

    /// - Returns: whether anything is new; the oldest go when there are too many.
    private mutating func record(_ choice: Choice) -> Bool {
        guard choices.last(where: { $0.isSameModel(as: choice) }) != choice else { return false }
        choices.removeAll { $0.isSameModel(as: choice) }
        choices = choices.suffix(Limits.segmentChoicesMax - 1) + [choice]
        return true
    }

    // MARK: The file

    private static func load(_ directory: String) throws(SegmentChoiceError) -> SegmentChoices {
        let path = directory + "/" + fileName
        do {
            let bytes = try SmallFile.bytes(path)
            return try bytes.withUnsafeBytes { bytes in
                var json = JSONReader<JSONError>(bytes, file: path)
                let choices = try SegmentChoices(&json)
                try json.finish()
                return choices
            }
        } catch let error as FileError where error.isMissing {
            return SegmentChoices()
        } catch let error as JSONError {
            throw .unusable(path, "byte \(error.offset): found \(error.found), expected \(error.expected)")
        } catch {
            throw .unusable(path, error.words)
        }
    }

    private init() {}

    private init(_ json: inout JSONReader<JSONError>) throws(JSONError) {
        var format = 0
        try json.readObject { json, key throws(JSONError) in
            switch key {
            case "format": format = try json.readInteger()
            case "models":
                try json.readArray { json throws(JSONError) in choices.append(try Choice(&json)) }
            default: try json.skip()
            }
        }
        guard format == Self.format else { throw json.unexpected("the format \(Self.format)") }
    }

    private func save(_ directory: String) throws(SegmentChoiceError) {
        let json = JSONValue.object([
            ("format", .integer(Self.format)), ("models", .list(choices.map(\.json))),
        ])
        do throws(FileError) {
            try FileSystem.makeDirectory(directory)
            try OutputFile.write(Array((json.encoded + "\n").utf8), to: directory + "/" + Self.fileName)
        } catch {
            throw SegmentChoiceError(
                message:
                    "\(error.message); --segment-layers is kept there for the next start: give --store-dir DIR, "
                    + "or --no-store to keep nothing")
        }
    }
}

/// Kept choices that cannot be read or written.
package struct SegmentChoiceError: RemediableError, Equatable {
    package let message: String

    static func unusable(_ path: String, _ reason: String) -> SegmentChoiceError {
        SegmentChoiceError(
            message: "\(path): \(reason); give --segment-layers N, on which text depends, or delete the file")
    }
}

extension SegmentChoices.Choice {
    fileprivate var json: JSONValue {
        .object([
            ("model", .text(model)), ("layers", .integer(layerCount)), ("hidden", .integer(hiddenSize)),
            ("segment_layers", .integer(segmentLayers)),
        ])
    }

    fileprivate init(_ json: inout JSONReader<JSONError>) throws(JSONError) {
        (model, layerCount, hiddenSize, segmentLayers) = ("", 0, 0, 0)
        try json.readObject { json, key throws(JSONError) in
            switch key {
            case "model": model = try json.readText()
            case "layers": layerCount = try json.readInteger()
            case "hidden": hiddenSize = try json.readInteger()
            case "segment_layers": segmentLayers = try json.readInteger()
            default: try json.skip()
            }
        }
        guard (1...Limits.layersMax).contains(segmentLayers) else {
            throw json.unexpected("segments of 1 to \(Limits.layersMax) layers")
        }
    }
}
