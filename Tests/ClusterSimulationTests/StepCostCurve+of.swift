// SPDX-License-Identifier: MIT

import ClusterPlanning

extension StepCostCurve {
    static func of(_ points: [(Int, Double)]) throws(ProfileError) -> StepCostCurve {
        try StepCostCurve(points.map { Point(count: $0.0, seconds: $0.1) })
    }
}
