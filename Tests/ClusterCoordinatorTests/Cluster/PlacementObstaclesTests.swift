// SPDX-License-Identifier: MIT
import ClusterCoordinator
import Testing

@Suite struct PlacementObstaclesTests {
    private func choices(_ change: (inout PlacementObstacles) -> Void) -> [Set<String>] {
        var obstacles = PlacementObstacles()
        change(&obstacles)
        return obstacles.choices
    }

    @Test func `nobody is left out before something was in the way`() {
        #expect(choices { _ in } == [[]])
    }

    @Test func `who could not take its layers is left out, and is asked again if there is no other way`() {
        #expect(choices { $0.append(unfit: "a") } == [["a"], ["a"], ["a"], []])
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
