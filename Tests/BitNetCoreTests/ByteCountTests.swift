// SPDX-License-Identifier: MIT

import BitNetCore
import Testing

@Suite struct ByteCountTests {
    @Test(
        arguments: [
            (0, "0 B"), (1, "1 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"),
            (1_258_291, "1.2 MiB"), (1_048_524, "1023.9 KiB"), (1_048_525, "1.0 MiB"), (1 << 30, "1.0 GiB"),
            (17_179_869_184, "16.0 GiB"), (1 << 40, "1.0 TiB"), (1 << 50, "1.0 PiB"),
            (UInt64.max, "16.0 EiB"),
        ] as [(UInt64, String)])
    func `a byte count is written with one digit after the point`(byteCount: UInt64, text: String) {
        #expect(ByteCount.text(byteCount) == text)
    }
}
