// SPDX-License-Identifier: MIT

import BitNetCore

/// What a number of tokens takes, from a few measurements.
///
/// Piecewise linear, never falling, finite. Beyond the last point it goes on with the last slope; a single
/// point is taken to be proportional to its count; below the first point nothing is gained.
package struct StepCostCurve: Equatable, Sendable {
    package struct Point: Equatable, Sendable {
        /// Tokens or rows, 1...`Limits.stepTokensMax`.
        package var count: Int
        /// 0...`Limits.profileSecondsMax`.
        package var seconds: Double

        package init(count: Int, seconds: Double) {
            self.count = count
            self.seconds = seconds
        }
    }

    /// Ascending in count, never descending in seconds.
    package let points: [Point]

    /// - Parameter points: as measured, ascending in count; one that took less than a smaller one is noise and
    ///   is lifted to it.
    /// - Throws: ``ProfileError`` for too few or too many points, counts that do not ascend, or seconds that are
    ///   no number within bounds.
    package init(_ points: [Point]) throws(ProfileError) {
        guard (1...Limits.profilePointsMax).contains(points.count) else {
            throw ProfileError(
                "a curve has \(points.count) points, expected 1...\(Limits.profilePointsMax)")
        }
        var lifted: [Point] = []
        for point in points {
            guard (1...Limits.stepTokensMax).contains(point.count) else {
                throw ProfileError(
                    "a curve has a point at \(point.count) tokens, expected 1...\(Limits.stepTokensMax)")
            }
            try ProfileError.check(
                point.seconds, "the time of \(point.count) tokens", in: 0...Limits.profileSecondsMax)
            guard let last = lifted.last else {
                lifted.append(point)
                continue
            }
            guard last.count < point.count else {
                throw ProfileError(
                    "a curve has a point at \(point.count) tokens behind one at \(last.count); they must ascend"
                )
            }
            lifted.append(Point(count: point.count, seconds: max(last.seconds, point.seconds)))
        }
        self.points = lifted
    }

    /// Already checked.
    private init(checked points: [Point]) {
        self.points = points
    }

    /// Nothing at all, whatever the count.
    package static let zero = StepCostCurve(checked: [Point(count: 1, seconds: 0)])

    /// The time of `count` tokens, seconds; 0 for none.
    package func seconds(_ count: Int) -> Double {
        guard count > 0, let first = points.first, let last = points.last else { return 0 }
        if count <= first.count { return points.count == 1 ? share(first, count) : first.seconds }
        if count >= last.count {
            guard points.count > 1 else { return share(last, count) }
            return Self.line(points[points.count - 2], last, count)
        }
        let after = points.firstIndex { $0.count >= count } ?? points.count - 1
        return Self.line(points[after - 1], points[after], count)
    }

    /// The curve of something that takes `factor` times as long.
    ///
    /// - Parameter factor: above 0; what would exceed the bounds is cut off there.
    package func scaled(by factor: Double) -> StepCostCurve {
        StepCostCurve(
            checked: points.map { point in
                let seconds = point.seconds * (factor.isFinite ? max(factor, 0) : 0)
                return Point(count: point.count, seconds: min(seconds, Limits.profileSecondsMax))
            })
    }

    private func share(_ point: Point, _ count: Int) -> Double {
        point.seconds * Double(count) / Double(point.count)
    }

    private static func line(_ from: Point, _ to: Point, _ count: Int) -> Double {
        let slope = (to.seconds - from.seconds) / Double(to.count - from.count)
        return from.seconds + slope * Double(count - from.count)
    }
}
