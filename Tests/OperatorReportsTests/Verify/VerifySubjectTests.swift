// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import BitNetFormats
import BitNetSynthesis
import OperatorReports
import Testing

@Suite struct VerifySubjectTests {
    private static let status = ClusterStatus(
        cluster: "tests", state: .serving, build: "1", time: 0, uptimeSeconds: 0,
        model: ModelStatus(
            name: "tiny", parameterCount: 1, layerCount: 2, hiddenSize: 128, vocabularySize: 500,
            contextLength: 64, cacheType: "f16"),
        workersExpected: 1, workersJoined: 1)

    /// - Parameter layers: of each stage.
    static func subject(_ layers: [[Int]], context: Int = 64) -> VerifySubject? {
        let stages = layers.enumerated().map { index, layers in
            PlanDocument.Stage(
                index: index, worker: "w\(index)", address: "", layers: layers, shippedBytes: 1,
                memoryBytes: 1,
                memoryLimitBytes: 1)
        }
        return VerifySubject(
            status: status,
            plan: PlanDocument(
                stages: stages,
                settings: StageSettings(
                    cache: CacheShape(slots: 1, context: context), prefillChunk: 8, hiddenSize: 64,
                    headType: .exact)))
    }

    @Test func `a cluster is cut before every stage but the first`() {
        #expect(Self.subject([[0, 3], [4, 4], [5, 8]])?.cuts == [4, 5])
        #expect(Self.subject([[0, 8]])?.cuts == [])
    }

    @Test func `a plan that no cluster can have is none`() {
        #expect(Self.subject([]) == nil)
        #expect(Self.subject([[0, 3], []]) == nil)
        #expect(Self.subject([[0, 3]], context: 1) == nil)
        #expect(Self.subject([[0, 3]], context: 2) != nil)
        #expect(Self.subject([[0, 3]], context: .max) == nil)
    }

    @Test func `only a model of the cluster's shape can be its own`() throws {
        let subject = try #require(Self.subject([[0, 1]]))
        var model = ModelShape.tiny.description
        try subject.check(model, path: "a.gguf")
        model.layerCount = 3
        model.vocabularySize = 501
        let error = #expect(throws: VerifyError.self) { try subject.check(model, path: "a.gguf") }
        #expect(
            error?.message == "the cluster serves tiny, which is not the model in a.gguf: layers 2 and 3, "
                + "vocabulary 500 and 501. Give the file that the coordinator was given")
    }
}
