// SPDX-License-Identifier: MIT

import ClusterConfig
import Testing

@Suite struct ByteSizeTests {
    @Test(
        arguments: [
            ("1", 1), ("512", 512), ("512B", 512), ("4KiB", 4096), ("4kb", 4000), ("512MiB", 512 << 20),
            ("4GiB", 4 << 30), ("4 GiB", 4 << 30), ("4GB", 4_000_000_000), ("2TiB", 2 << 40),
            ("2TB", 2_000_000_000_000),
            ("18446744073709551615", UInt64.max), ("16777215TiB", 16_777_215 << 40), ("007", 7),
        ] as [(String, UInt64)])
    func `sizes are read`(text: String, byteCount: UInt64) throws {
        #expect(try ByteSize.parse(text) == byteCount)
    }

    @Test(arguments: [
        "", " ", "GiB", "4G", "4 Gi", "-4GiB", "+4", "1.5GiB", "4GiB ", " 4GiB", "0", "0GiB", "4\nGiB",
        "٤GiB",
        "18446744073709551616", "16777216TiB", "99999999999999999999999GiB",
    ])
    func `what is no size, nothing or too much is refused`(text: String) {
        #expect(throws: ConfigError.self) { try ByteSize.parse(text) }
    }
}
