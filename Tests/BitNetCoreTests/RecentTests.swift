// SPDX-License-Identifier: MIT

import BitNetCore
import Testing

@Suite struct RecentTests {
    @Test(arguments: [1, 2, 3, 7]) func `the last values stay, the oldest first`(countMax: Int) {
        var recent = Recent<Int>(countMax: countMax)
        #expect(recent.isEmpty)
        for value in 1...20 {
            recent.append(value)
            #expect(Array(recent) == Array((1...value).suffix(countMax)))
            #expect(recent.last == value && recent.first == max(1, value - countMax + 1))
        }
        recent.removeAll()
        #expect(recent.isEmpty && recent.countMax == countMax)
    }

    @Test func `what holds the same values is equal, wherever they stand`() {
        var one = Recent<Int>(countMax: 3)
        var other = one
        for value in [1, 2, 3] { one.append(value) }
        for value in [9, 1, 2, 3] { other.append(value) }
        #expect(one == other)
        other.append(4)
        #expect(one != other)
    }

    @Test func `room for none is room for one`() {
        var recent = Recent<Int>(countMax: 0)
        recent.append(1)
        recent.append(2)
        #expect(Array(recent) == [2])
    }
}
