// SPDX-License-Identifier: MIT
import BitNetCore
import Testing

@Suite struct PluralTests {
    @Test func `one has no s, and all others do`() {
        #expect(plural(1, "stage") == "1 stage")
        #expect(plural(0, "stage") == "0 stages")
        #expect(plural(2, "stage") == "2 stages")
        #expect(plural(UInt64.max, "byte") == "18446744073709551615 bytes")
        #expect(plural(-1, "layer") == "-1 layers")
    }
}
