// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterPlanning
import Testing

@Suite struct StepCostCurveTests {
    static func curve(_ points: [(Int, Double)]) throws(ProfileError) -> StepCostCurve {
        try StepCostCurve(points.map { StepCostCurve.Point(count: $0.0, seconds: $0.1) })
    }

    @Test func `between two points it is linear, beyond the last it goes on`() throws {
        let curve = try Self.curve([(1, 1), (4, 4), (8, 5)])
        #expect((0...8).map(curve.seconds) == [0, 1, 2, 3, 4, 4.25, 4.5, 4.75, 5])
        #expect(curve.seconds(12) == 6)
        #expect(curve.seconds(-1) == 0)
    }

    @Test func `below the first point nothing is gained`() throws {
        #expect(try Self.curve([(16, 2), (32, 3)]).seconds(1) == 2)
    }

    @Test func `a single point is proportional`() throws {
        let curve = try Self.curve([(8, 2)])
        #expect(curve.seconds(4) == 1)
        #expect(curve.seconds(8) == 2)
        #expect(curve.seconds(16) == 4)
    }

    @Test func `a larger count that took less is noise`() throws {
        let curve = try Self.curve([(1, 1), (2, 3), (4, 2), (8, 4)])
        #expect(curve.points.map(\.seconds) == [1, 3, 3, 4])
    }

    @Test func `counts and seconds are taken up to the limits`() throws {
        let largest = try Self.curve([(1, 0), (Limits.stepTokensMax, Limits.profileSecondsMax)])
        #expect(largest.seconds(Limits.stepTokensMax) == Limits.profileSecondsMax)
        let most = (1...Limits.profilePointsMax).map { ($0, 0.0) }
        #expect(try Self.curve(most).seconds(5) == 0)
    }

    @Test(
        arguments: [
            ([], "0 points"), ((1...Limits.profilePointsMax + 1).map { ($0, 0.0) }, "33 points"),
            ([(0, 1)], "at 0 tokens"), ([(Limits.stepTokensMax + 1, 1)], "at 2049 tokens"),
            ([(2, 1), (2, 1)], "must ascend"), ([(2, 1), (1, 1)], "must ascend"),
            ([(1, .nan)], "nan"), ([(1, .infinity)], "inf"), ([(1, -0.1)], "-0.1"),
            ([(1, Limits.profileSecondsMax.nextUp)], "expected 0.0...120.0"),
        ] as [([(Int, Double)], String)])
    func `what no worker can have measured is refused`(points: [(Int, Double)], reason: String) throws {
        let error = try #require(throws: ProfileError.self) { try Self.curve(points) }
        #expect(error.message.contains(reason), "\(error.message)")
    }

    @Test(arguments: [(0.5, 0.5), (4.0, 4.0), (1e9, Limits.profileSecondsMax), (.nan, 0), (-1, 0)])
    func `a scaled curve stays within bounds`(factor: Double, seconds: Double) throws {
        #expect(try Self.curve([(1, 1)]).scaled(by: factor).seconds(1) == seconds)
    }
}
