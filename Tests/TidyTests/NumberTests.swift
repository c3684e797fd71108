// SPDX-License-Identifier: MIT
import Testing

extension Tidy {
    /// Numbers of others do not end the process.
    @Suite struct Numbers {
        @Test func `conversions of numbers that might not fit say what becomes of them`() throws {
            let bad = """
                let a = Int(told), b = UInt32(a + 1)
                let c = UInt64((seconds * 1e6).rounded())
                let d = values.map(Int.init)
                let e = Int(
                    told), f = off_t(told)
                let g = UInt32(list.count)
                """
            #expect(
                NumberRules.uncheckedConversions(Tidy.snippet(bad, in: "ClusterWire")).map(\.line)
                    == [1, 1, 2, 3, 4, 5, 6])
            let good = """
                let a = Int(clamping: told), b = UInt32(exactly: told), c = UInt8(truncatingIfNeeded: told)
                let d = UInt64(list.count), e = UInt64(text, radix: 10), f = UInt32(0), g = UInt8(ascii: "a")
                let h = 1...UInt32(Limits.slotsMax), i: Int = 0 // Int(told)
                let j = "Int(told)", k = Mint(told), l = Int.self, m = UInt32(
                    clamping: told), n = UInt64(1 << 20)
                """
            #expect(NumberRules.uncheckedConversions(Tidy.snippet(good, in: "ClusterWire")) == [])
        }

        @Test func `the rule holds wherever numbers of others may come by`() throws {
            let sources = try Tidy.swiftSources().filter(NumberRules.applies)
            let targets = Set(sources.compactMap { $0.path.split(separator: "/").dropFirst().first })
            #expect(
                targets.isSuperset(of: [
                    "ClusterWire", "ClusterCoordinator", "ClusterGateway", "BitNetFormats",
                ]))
            #expect(targets.isDisjoint(with: ["BitNetEngine"]))

            let findings = sources.flatMap(NumberRules.uncheckedConversions)
            #expect(findings.isEmpty, "\(findings.report)")
        }
    }
}
