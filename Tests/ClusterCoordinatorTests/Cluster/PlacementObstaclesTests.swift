// SPDX-License-Identifier: MIT
import ClusterCoordinator
import Testing

@Suite struct PlacementObstaclesTests {
    private func choices(
        whileOthersMayCome isPatient: Bool = false, _ change: (inout PlacementObstacles) -> Void
    ) -> [Set<String>] {
        var obstacles = PlacementObstacles()
        change(&obstacles)
        return obstacles.choices(whileOthersMayCome: isPatient)
    }

    @Test func `nobody is left out before something was in the way`() {
        #expect(choices { _ in } == [[]])
    }

    @Test func `who could not take its layers is left out, and is asked again if there is no other way`() {
        #expect(choices { $0.append(unfit: "a") } == [["a"], ["a"], ["a"], []])
    }

    @Test func `who could not take its layers is not asked again while others may come`() {
        #expect(choices(whileOthersMayCome: true) { $0.append(unfit: "a") } == [["a"], ["a"], ["a"]])
        #expect(choices(whileOthersMayCome: true) { _ in } == [[]])
    }

    @Test func `the first choice that can be planned is taken, and what is wrong with the last one told`() {
        struct Refusal: Error, Equatable { let avoided: Set<String> }
        var obstacles = PlacementObstacles()
        obstacles.append(cutFrom: "a", to: "b")
        let found = try? obstacles.first(whileOthersMayCome: false) { avoided throws(Refusal) in
            if avoided.contains("b") { throw Refusal(avoided: avoided) }
            return avoided
        }
        #expect(found == ["a"])
        #expect(throws: Refusal(avoided: ["a"])) {
            try obstacles.first(whileOthersMayCome: true) { avoided throws(Refusal) in
                throw Refusal(avoided: avoided)
            }
        }
    }

    @Test func `of a way that is cut the receiver is left out first, then the sender`() {
        #expect(choices { $0.append(cutFrom: "a", to: "b") } == [["b"], ["a"], []])
    }

    @Test func `who has part in several cuts is left out before the others`() {
        let choices = choices {
            $0.append(cutFrom: "a", to: "b")
            $0.append(cutFrom: "a", to: "c")
            $0.append(cutFrom: "d", to: "e")
        }
        #expect(choices == [["a", "e"], ["a", "d"], []])
    }

    @Test func `who is left out anyway explains its cuts`() {
        let choices = choices {
            $0.append(unfit: "b")
            $0.append(cutFrom: "a", to: "b")
        }
        #expect(choices == [["b"], ["b"], ["b"], []])
    }
}
