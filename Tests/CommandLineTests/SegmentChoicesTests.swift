// SPDX-License-Identifier: MIT
import BitNetCore
import CommandLine
import TestSupport
import Testing

@Suite struct SegmentChoicesTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var directory: String { folder.path(of: "store") }

    private func layers(
        _ wanted: Int? = nil, of name: String = "m", layerCount: Int = 9, keeps: Bool = true,
        in directory: String? = nil
    ) throws -> Int {
        try SegmentChoices.segmentLayers(
            of: model(name, layerCount), wanted: wanted, in: directory ?? self.directory, keeps: keeps)
    }

    private func model(_ name: String, _ layerCount: Int = 9) -> ModelDescription {
        ModelDescription(
            name: name,
            shape: .init(
                layerCount: layerCount, hiddenSize: 12, feedForwardSize: 17, headCount: 2,
                keyValueHeadCount: 1, headSize: 6, vocabularySize: 22, hasSubNorms: true),
            contextLength: 64, normEpsilon: 1e-5, ropeBase: 500_000, activation: .squaredReLU,
            rotaryPairing: .halves, hasTiedHead: true)
    }

    @Test func `what was asked for stays until something else is`() throws {
        #expect(try layers() == 1)
        #expect(FileSystem.entries(of: folder.path).isEmpty, "who asks for nothing leaves nothing")
        #expect(try layers(4) == 4)
        #expect(try layers() == 4)
        #expect(try layers(2, keeps: false) == 2)
        #expect(try layers() == 4)
        #expect(try layers(of: "other") == 1)
        #expect(try layers(layerCount: 8) == 1)
        #expect(try layers(3, of: "other") == 3)
        #expect(try layers(1) == 1)
        #expect(try layers() == 1 && layers(of: "other") == 3)
        #expect(try SegmentChoices.segmentLayers(of: model("m"), wanted: 5, in: nil, keeps: true) == 5)
        #expect(try SegmentChoices.segmentLayers(of: model("m"), wanted: nil, in: nil, keeps: true) == 1)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"format":2,"models":[]}"#, #"{"format":1,"models":[{"segment_layers":0}]}"#,
        #"{"format":1,"models":[{"segment_layers":1025}]}"#, #"{"format":1,"models":[{"layers":1e99}]}"#,
        #"{"format":1,"models":3}"#, #"{"format":1,"models":[]} {"#,
    ])
    func `a file that cannot be read changes no text unseen`(text: String) throws {
        try FileSystem.makeDirectory(directory)
        try folder.write(text, to: "store/segments.json")
        let error = #expect(throws: SegmentChoiceError.self) { try layers() }
        #expect(error?.message.hasPrefix(directory + "/segments.json: ") == true)
        #expect(error?.message.contains("give --segment-layers N") == true)
        // And that is what helps.
        #expect(try layers(2) == 2)
        #expect(try layers() == 2)
    }

    @Test func `of several choices of one model in the file the last one counts`() throws {
        try FileSystem.makeDirectory(directory)
        func choice(_ layers: Int) -> String {
            #"{"model":"m","layers":9,"hidden":12,"segment_layers":\#(layers)}"#
        }
        try folder.write(#"{"format":1,"models":[\#(choice(2)),\#(choice(4))]}"#, to: "store/segments.json")
        #expect(try layers() == 4)
        #expect(try layers(2) == 2)
        #expect(try layers() == 2)
    }

    @Test func `the oldest choices go when there are too many`() throws {
        for index in 0...Limits.segmentChoicesMax { _ = try layers(2, of: "\(index)") }
        #expect(try layers(of: "0") == 1)
        #expect(try layers(of: "1") == 2 && layers(of: "\(Limits.segmentChoicesMax)") == 2)
    }

    @Test func `a directory that takes nothing is told with what to do`() throws {
        try folder.write("no folder", to: "store")
        let error = #expect(throws: SegmentChoiceError.self) { try layers(2) }
        #expect(error?.message.contains("give --store-dir DIR, or --no-store") == true)
    }
}
