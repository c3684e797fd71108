// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterPlanning
import Testing

@Suite struct ProfileTests {
    static func profile(
        step: Double = 0, read: Double = 1e9, attention: Double = 0
    ) throws(ProfileError) -> WorkerProfile {
        try WorkerProfile(
            layerSeconds: StepCostCurveTests.curve([(1, 1)]),
            prefillLayerSeconds: StepCostCurveTests.curve([(1, 2)]),
            headSeconds: StepCostCurveTests.curve([(1, 3)]), stepSeconds: step, readBytesPerSecond: read,
            attentionSecondsPerToken: attention)
    }

    @Test func `figures are taken up to the limits`() throws {
        _ = try Self.profile(
            step: Limits.profileSecondsMax, read: Limits.bytesPerSecondRange.upperBound,
            attention: Limits.attentionSecondsMax)
        _ = try Self.profile(read: Limits.bytesPerSecondRange.lowerBound)
        _ = try LinkProfile(
            latencySeconds: Limits.linkLatencySecondsMax,
            bytesPerSecond: Limits.bytesPerSecondRange.upperBound)
    }

    @Test(arguments: [
        (Limits.profileSecondsMax.nextUp, 1e9, 0.0), (-1, 1e9, 0), (.nan, 1e9, 0),
        (0, Limits.bytesPerSecondRange.upperBound.nextUp, 0),
        (0, Limits.bytesPerSecondRange.lowerBound.nextDown, 0), (0, .nan, 0),
        (0, 1e9, Limits.attentionSecondsMax.nextUp), (0, 1e9, -.infinity),
    ])
    func `a profile past the limits is refused`(step: Double, read: Double, attention: Double) {
        #expect(throws: ProfileError.self) {
            try Self.profile(step: step, read: read, attention: attention)
        }
    }

    @Test(arguments: [
        (Limits.linkLatencySecondsMax.nextUp, 1e6), (-1e-9, 1e6), (.nan, 1e6), (0, 0), (0, .infinity),
    ])
    func `a link past the limits is refused`(latency: Double, speed: Double) {
        #expect(throws: ProfileError.self) {
            try LinkProfile(latencySeconds: latency, bytesPerSecond: speed)
        }
    }

    @Test func `a link is known in both directions, or assumed`() throws {
        let slow = try LinkProfile(latencySeconds: 1, bytesPerSecond: 1e6)
        let fast = try LinkProfile(latencySeconds: 0, bytesPerSecond: 1e9)
        var links = LinkMatrix()
        links[.worker("a"), .worker("b")] = slow
        #expect(links[.worker("b"), .worker("a")] == slow)
        links[.worker("b"), .worker("a")] = fast
        #expect(links[.worker("a"), .worker("b")] == slow)
        #expect(links[.worker("b"), .worker("a")] == fast)
        #expect(links[.coordinator, .worker("a")] == .gigabitEthernet)
        #expect(links.isMeasured(from: .worker("a"), to: .worker("b")))
        #expect(!links.isMeasured(from: .coordinator, to: .worker("a")))
        #expect(links.measured.count == 2)
    }

    @Test func `another shape takes the time of its weights`() throws {
        let small = ProfiledShape(
            hiddenSize: 10, querySize: 10, keyValueSize: 5, feedForwardSize: 20, vocabularySize: 100)
        var large = small
        large.hiddenSize = 20
        large.querySize = 20
        let scaled = try Self.profile(attention: 0.001).scaled(from: small, to: large)
        #expect(scaled.layerSeconds.seconds(1) == 2200.0 / 900)
        #expect(scaled.headSeconds.seconds(1) == 6)
        #expect(scaled.attentionSecondsPerToken == 0.002)
        #expect(try Self.profile().scaled(from: small, to: small) == Self.profile())
    }

    @Test func `scales of groups and a ternary head are counted`() throws {
        let plain = ProfiledShape(
            hiddenSize: 256, querySize: 256, keyValueSize: 256, feedForwardSize: 256, vocabularySize: 100)
        var grouped = plain
        grouped.matrixEncoding = .t5Group64Half
        grouped.activationGroup = 64
        grouped.ternaryHead = .t5Group128
        // 2 bits and a 64th of 16, 2 bits and a 128th of 32; int8 else.
        let scaled = try Self.profile().scaled(from: plain, to: grouped)
        #expect(scaled.layerSeconds.seconds(1) == 1.125)
        #expect(scaled.headSeconds.seconds(1) == 3 * 0.28125)
        let assumed = try WorkerProfile.assumed(readBytesPerSecond: 1e9, for: grouped)
        #expect(assumed.headSeconds.seconds(1) == 256 * 100 * 0.28125 / 1e9)
        #expect(
            try WorkerProfile.assumed(readBytesPerSecond: 1e9, for: plain).headSeconds.seconds(1)
                == 256 * 100 / 1e9)
        // One scale for a row is next to nothing.
        grouped.matrixEncoding = .t5Rows
        #expect(grouped.layerByteCount == plain.layerByteCount)
    }

    @Test func `a model's own encodings are its shape's`() {
        var model = ModelDescription(
            name: "a",
            shape: .init(
                layerCount: 1, hiddenSize: 128, feedForwardSize: 256, headCount: 2, keyValueHeadCount: 1,
                headSize: 64, vocabularySize: 10, hasSubNorms: false),
            contextLength: 1, normEpsilon: 1, ropeBase: 2, activation: .siLU, rotaryPairing: .halves,
            hasTiedHead: false)
        let plain = ProfiledShape(model, TableEncodings(embedding: .t5Group128Half, head: .q6K))
        #expect(plain.matrixEncoding == .t5 && plain.activationGroup == 0 && plain.ternaryHead == nil)
        model.matrixEncoding = .t5Group128Half
        model.activationGroup = 128
        let grouped = ProfiledShape(model, TableEncodings(embedding: .float16, head: .t5Group128))
        #expect(grouped.matrixEncoding == .t5Group128Half && grouped.activationGroup == 128)
        #expect(grouped.ternaryHead == .t5Group128)
    }

    @Test func `a shape that no model has says what is wrong`() {
        var shape = ProfiledShape(
            hiddenSize: Limits.hiddenSizeMax, querySize: 1, keyValueSize: 1, feedForwardSize: 1,
            vocabularySize: Limits.vocabularyMax)
        #expect(shape.invalidity == nil)
        shape.vocabularySize += 1
        #expect(shape.invalidity == "the vocabulary is 2097153, expected 1...2097152")
    }
}
