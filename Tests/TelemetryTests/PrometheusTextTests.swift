// SPDX-License-Identifier: MIT
import BitNetCore
import Telemetry
import Testing

@Suite struct PrometheusTextTests {
    @Test(arguments: [
        ("bitnet_steps_total", "bitnet_steps_total"),
        ("hb.requests", "hb_requests_total"),
        ("9 lives", "_9_lives_total"),
        ("größe", "gr__e_total"),
        ("", "__total"),
        ("a\nb{c=\"d\"} 1", "a_b_c__d___1_total"),
    ])
    func `a counter's name holds what Prometheus allows and ends in total`(label: String, name: String) {
        #expect(PrometheusText.metricName(label, kind: .counter) == name)
    }

    @Test(arguments: [
        ("queue.size", "queue_size"), ("connections_count", "connections"), ("a_total_count", "a"),
        ("_total", "_total"), ("rule:of:five", "rule:of:five"),
    ])
    func `a gauge's name looks like no counter and no part of a histogram`(label: String, name: String) {
        #expect(PrometheusText.metricName(label, kind: .gauge) == name)
    }

    @Test func `a timer's name ends in its unit`() {
        let kind = MetricDefinition.Kind.unnamedTimer
        #expect(
            PrometheusText.metricName("hb.request.duration", kind: kind, isTime: true)
                == "hb_request_duration_seconds")
        #expect(PrometheusText.metricName("a_seconds", kind: kind, isTime: true) == "a_seconds")
    }

    @Test(arguments: [MetricDefinition.Kind.counter, .gauge, .unnamedTimer])
    func `a name keeps its bound with its ending`(kind: MetricDefinition.Kind) {
        for length in [Limits.metricNameBytesMax, Limits.metricNameBytesMax + 1] {
            let label = String(repeating: "a", count: length)
            let name = PrometheusText.metricName(label, kind: kind, isTime: kind != .gauge)
            #expect(name.utf8.count == Limits.metricNameBytesMax)
        }
    }

    @Test func `labels stand in the order of their names whatever order they came in`() {
        let text = PrometheusText.labels([("worker", "b"), ("stage", "0"), ("stage", "1"), ("empty", "")])
        #expect(text == #"stage="0",worker="b""#)
        #expect(PrometheusText.labels([("stage", "0"), ("worker", "b")]) == text)
    }

    @Test func `one label more than allowed is refused`() {
        let most = (0..<Limits.metricLabelsMax).map { ("l\($0)", "v") }
        #expect(PrometheusText.labels(most) != nil)
        #expect(PrometheusText.labels(most + [("one", "more")]) == nil)
    }

    @Test(arguments: [
        ("le", "label_le"), ("quantile", "label_quantile"), ("__name__", "label___name__"), ("a:b", "a_b"),
        ("1", "_1"),
    ])
    func `a label's name is none that Prometheus keeps for itself`(label: String, name: String) {
        #expect(PrometheusText.labelName(label) == name)
    }

    @Test func `a label's value cannot leave its quotation marks`() {
        #expect(PrometheusText.labelValue("a\"} 1\nb \\n \r") == #"a\"} 1\nb \\n "# + "\r")
    }

    @Test func `a label's value is cut one byte past its bound`() {
        let most = String(repeating: "x", count: Limits.metricLabelBytesMax)
        #expect(PrometheusText.labelValue(most) == most)
        #expect(PrometheusText.labelValue(most + "y") == most + "…")
        #expect(PrometheusText.labelValue(most.dropLast() + "é") == most.dropLast() + "…")
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "0"), (1, "1"), (0.005, "0.005"), (1e-5, "1e-05"), (0x1p53, "9007199254740992"),
        (1e300, "1e+300"), (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (-2.5, "-2.5"),
    ])
    func `numbers are written as Prometheus reads them`(number: Double, text: String) {
        #expect(PrometheusText.number(number) == text)
    }
}
