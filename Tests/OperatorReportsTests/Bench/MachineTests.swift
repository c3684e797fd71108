// SPDX-License-Identifier: MIT
import BitNetFormats
import OperatorReports
import Testing

@Suite struct MachineTests {
    @Test func `the first processor's name is the machine's`() {
        let text = "processor\t: 0\nmodel name\t: A: fast one @ 2 GHz\nmodel name\t: another\n"
        #expect(Machine.processorName(in: text) == "A: fast one @ 2 GHz")
        #expect(Machine.processorName(in: "processor\t: 0\nmodel name\n") == nil)
        #expect(Machine.processorName(in: "") == nil)
    }

    @Test func `people and programs read the same of a machine`() {
        var machine = Samples.machine
        #expect(machine.text == "CPU, 2 processors; avx2 kernels, auto: dot product from 8 tokens")
        #expect(
            JSONValue.object(machine.members).encoded
                == #"{"processor":"CPU","processors":2,"isa":"avx2","kernels":"auto","dot_product_from_tokens":8}"#
        )
        machine.dotTokensMin = nil
        #expect(JSONValue.object(machine.members).encoded.hasSuffix(#""dot_product_from_tokens":null}"#))
    }
}
