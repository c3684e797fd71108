// SPDX-License-Identifier: MIT
import BitNetCore
import Testing

/// Recommendations for the choice of tokens.
@Suite struct SamplingDefaultsTests {
    @Test(
        arguments: [
            (.temperature, 0, nil), (.temperature, 100, nil), (.temperature, 101, "temperature"),
            (.temperature, -0.1, "temperature"), (.topP, 1, nil), (.topP, 0, "top-p"), (.topP, .nan, "top-p"),
            (.minP, 0.5, nil), (.minP, 1.1, "min-p"), (.repetitionPenalty, 1.05, nil),
            (.repetitionPenalty, 0, "repetition penalty"), (.topK, -1, nil), (.topK, 0.5, "top-k"),
            (.topK, Double(Limits.vocabularyMax), nil), (.topK, Double(Limits.vocabularyMax + 1), "top-k"),
            (.repetitionWindow, -1, nil),
            (.repetitionWindow, Double(Limits.contextMax + 1), "repetition window"),
            (.topK, .infinity, "top-k"),
        ] as [(SamplingDefaults.Setting, Double, String?)])
    func `a value that cannot be used is not taken`(
        setting: SamplingDefaults.Setting, value: Double, fault: String?
    ) {
        var defaults = SamplingDefaults()
        let reason = defaults.set(setting, to: value)
        #expect((reason == nil) == (fault == nil))
        if let fault { #expect(reason?.contains(fault) == true) }
        #expect((defaults == SamplingDefaults()) == (fault != nil))
    }

    @Test func `what is said first goes before the others, and these before what is built in`() {
        var first = SamplingDefaults()
        #expect(first.set(.temperature, to: 0) == nil)
        #expect(first.set(.topK, to: -1) == nil)
        var others = SamplingDefaults()
        #expect(others.set(.temperature, to: 0.6) == nil)
        #expect(others.set(.topP, to: 0.9) == nil)
        var parameters = SamplingParameters()
        parameters.temperature = 1
        parameters.topK = 40
        parameters.minP = 0.1
        first.over(others).apply(to: &parameters)
        var expected = SamplingParameters()
        expected.topP = 0.9
        expected.minP = 0.1
        #expect(parameters == expected)
    }
}
