// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterWire
import ClusterWorker
import Testing

@Suite struct ProcessorTextTests {
    @Test func `processors that share a core count once, those of other packages again`() {
        let text = (0..<8).map { number in
            "processor\t: \(number)\nmodel name\t: Some CPU @ 2.70GHz\nphysical id\t: \(number / 4)\n"
                + "core id\t\t: \(number % 4 / 2)\n"
        }.joined(separator: "\n")
        let cores = ProcessorText.cores(in: text)
        #expect(cores?.physical == 4)
        #expect(cores?.logical == 8)
        #expect(cores?.name == "Some CPU @ 2.70GHz")
    }

    @Test func `a kernel that tells of no cores tells of processors`() {
        let cores = ProcessorText.cores(in: "processor : 0\nBogoMIPS : 50\n\nprocessor : 1\n")
        #expect(cores?.logical == 2)
        #expect(cores?.physical == nil)
        #expect(cores?.name == nil)
        for text in ["", "\n:\n::", "model name : x", "\u{FFFD}"] {
            #expect(ProcessorText.cores(in: text) == nil)
        }
    }

    @Test(
        arguments: [
            ("0", 1), ("0-3", 4), ("0-3,8,10-11", 7), ("", nil), ("3-0", nil), ("a", nil), ("0-", nil),
            ("-1", nil),
            ("0-4294967295", 4_294_967_296), ("0-4294967296", nil), ("1-2-3", nil), (",", nil),
        ] as [(String, UInt64?)])
    func `lists of processors are counted`(text: String, count: UInt64?) {
        #expect(ProcessorText.count(ofList: text) == count)
    }

    @Test func `a line of a status is found by its name`() {
        let text = "Name:\tworker\nCpus_allowed:\tf\nCpus_allowed_list:\t0-3\n"
        #expect(ProcessorText.status("Cpus_allowed_list", in: text) == "0-3")
        #expect(ProcessorText.status("Absent", in: text) == nil)
    }

    @Test(
        arguments: [
            ("always [madvise] never", "madvise"), ("[never]", "never"), ("always", nil), ("][", nil),
            ("[]", nil),
            ("[", nil), ("", nil),
        ] as [(String, String?)])
    func `the setting in brackets is the chosen one`(text: String, word: String?) {
        #expect(ProcessorText.chosen(in: text) == word)
    }
}
