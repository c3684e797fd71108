// SPDX-License-Identifier: MIT

import BitNetCore
import Testing

@Suite struct WallClockTests {
    @Test func `a time is written in a format of strftime`() {
        // Noon, so that it is the same day in nearly every zone.
        let text = WallClock.text("%d %b %Y, %m/%y %%", at: 1_722_024_000)
        #expect(text?.contains("Jul 2024, 07/24 %") == true)
        #expect(WallClock.text("é", at: 0) == "é")
    }

    @Test func `what gives no text, or too long a one, is none`() {
        #expect(WallClock.text("", at: 0) == nil)
        let longest = String(repeating: "a", count: Limits.timeTextBytesMax)
        #expect(WallClock.text(longest, at: 0) == longest)
        #expect(WallClock.text(longest + "a", at: 0) == nil)
        #expect(WallClock.text(String(repeating: "%Y", count: Limits.timeTextBytesMax / 2), at: 0) == nil)
        #expect(WallClock.text("%Y", at: .max) == nil)
        #expect(WallClock.text("a\0b", at: 0) == "a")
    }
}
