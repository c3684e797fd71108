// SPDX-License-Identifier: MIT
import BitNetCore
import Dispatch
import Metrics
import Telemetry
import Testing

@Suite struct PrometheusRegistryTests {
    private let registry: PrometheusRegistry
    private let factory: PrometheusMetricsFactory

    init() {
        registry = PrometheusRegistry(definitions: [
            MetricDefinition("wait_seconds", "How\nlong \\ it takes.", .histogram(buckets: [0.1, 1, 10])),
            MetricDefinition("steps_total", "Steps.", .counter),
        ])
        factory = PrometheusMetricsFactory(registry: registry)
    }

    private static let tail = """
        # HELP bitnet_metric_series_dropped_total Series that were not kept: too many, or of two kinds.
        # TYPE bitnet_metric_series_dropped_total counter

        """

    private func lines(of name: String, in registry: PrometheusRegistry) -> [String] {
        registry.text().split(separator: "\n").map(String.init).filter { $0.hasPrefix(name) }
    }

    @Test func `families stand by name with help and type, series by labels`() {
        Counter(label: "steps_total", dimensions: [("worker", "b")], factory: factory).increment(by: 2)
        Counter(label: "steps_total", dimensions: [("worker", "a")], factory: factory).increment()
        Gauge(label: "depth", factory: factory).record(1.5)
        #expect(
            registry.text() == """
                # HELP depth Of a library: depth.
                # TYPE depth gauge
                depth 1.5
                # HELP steps_total Steps.
                # TYPE steps_total counter
                steps_total{worker="a"} 1
                steps_total{worker="b"} 2

                """ + Self.tail + "bitnet_metric_series_dropped_total 0\n")
    }

    @Test func `a histogram's buckets are cumulative and hold their bounds`() {
        let timer = Timer(label: "wait_seconds", dimensions: [("a", "b")], factory: factory)
        timer.recordMilliseconds(100)
        timer.recordSeconds(1)
        timer.recordNanoseconds(-5)
        timer.recordSeconds(11)
        #expect(
            lines(of: "wait", in: registry) == [
                #"wait_seconds_bucket{a="b",le="0.1"} 2"#, #"wait_seconds_bucket{a="b",le="1"} 3"#,
                #"wait_seconds_bucket{a="b",le="10"} 3"#, #"wait_seconds_bucket{a="b",le="+Inf"} 4"#,
                #"wait_seconds_sum{a="b"} 12.1"#, #"wait_seconds_count{a="b"} 4"#,
            ])
        #expect(registry.text().contains(#"# HELP wait_seconds How\nlong \\ it takes."#))
    }

    @Test func `observations and amounts that are no number count for nothing`() {
        let recorder = Recorder(label: "size", factory: factory)
        for value in [Double.nan, .infinity, -.infinity, 3] { recorder.record(value) }
        #expect(lines(of: "size_sum", in: registry) == ["size_sum 3"])
        #expect(lines(of: "size_count", in: registry) == ["size_count 1"])
        let counter = FloatingPointCounter(label: "amount", factory: factory)
        for value in [Double.nan, .infinity, -1, 0.25, 0.5] { counter.increment(by: value) }
        Counter(label: "amount", factory: factory).increment(by: -7)
        #expect(lines(of: "amount", in: registry) == ["amount_total 0.75"])
    }

    @Test func `gauges tell of what is no number`() {
        Gauge(label: "a", factory: factory).record(Double.nan)
        Gauge(label: "b", factory: factory).record(-Double.infinity)
        let meter = Meter(label: "c", factory: factory)
        meter.set(5)
        meter.increment(by: 2)
        meter.decrement(by: 10)
        let text = registry.text()
        for line in ["a NaN\n", "b -Inf\n", "c -3\n"] { #expect(text.contains("\n" + line)) }
    }

    @Test func `handlers of one name and labels share a series until the last is destroyed`() {
        let first = Counter(label: "steps_total", factory: factory)
        let second = Counter(label: "steps_total", factory: factory)
        first.increment()
        second.increment()
        #expect(lines(of: "steps", in: registry) == ["steps_total 2"])
        first.destroy()
        second.increment()
        #expect(lines(of: "steps", in: registry) == ["steps_total 3"])
        second.destroy()
        second.destroy()
        #expect(!registry.text().contains("steps_total"))
        #expect(lines(of: "steps", in: registry).isEmpty)
        Counter(label: "steps_total", factory: factory).increment()
        #expect(lines(of: "steps", in: registry) == ["steps_total 1"])
    }

    @Test func `every kind can be destroyed`() {
        FloatingPointCounter(label: "a", factory: factory).destroy()
        Meter(label: "b", factory: factory).destroy()
        Recorder(label: "c", factory: factory).destroy()
        Timer(label: "d", factory: factory).destroy()
        #expect(registry.text() == Self.tail + "bitnet_metric_series_dropped_total 0\n")
    }

    @Test func `series past the bound are not kept, counted, and find room once others go`() {
        // One is the count of those that were dropped, four of a gauge each; a histogram with three buckets has six.
        let registry = PrometheusRegistry(
            definitions: [MetricDefinition("h", "", .histogram(buckets: [1, 2, 3]))], seriesMax: 11)
        let factory = PrometheusMetricsFactory(registry: registry)
        let gauges = (0..<4).map { Gauge(label: "g", dimensions: [("n", "\($0)")], factory: factory) }
        Recorder(label: "h", factory: factory).record(1)
        #expect(lines(of: "h_count", in: registry) == ["h_count 1"])
        #expect(lines(of: "bitnet", in: registry) == ["bitnet_metric_series_dropped_total 0"])

        let late = Gauge(label: "g", dimensions: [("n", "late")], factory: factory)
        late.record(1)
        late.destroy()
        #expect(lines(of: "g", in: registry).count == 4)
        #expect(lines(of: "bitnet", in: registry) == ["bitnet_metric_series_dropped_total 1"])

        gauges[0].destroy()
        Gauge(label: "g", dimensions: [("n", "new")], factory: factory).record(7)
        #expect(lines(of: "g{n=\"new", in: registry) == [#"g{n="new"} 7"#])
        let written = registry.text().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(written.count == 11)
    }

    @Test func `the default bound holds for the lines of a text`() {
        let registry = PrometheusRegistry(definitions: [])
        let factory = PrometheusMetricsFactory(registry: registry)
        for number in 0..<Limits.metricSeriesMax {
            Gauge(label: "g", dimensions: [("n", "\(number)")], factory: factory).record(1)
        }
        let written = registry.text().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(written.count == Limits.metricSeriesMax)
        #expect(lines(of: "bitnet", in: registry) == ["bitnet_metric_series_dropped_total 1"])
    }

    @Test func `a name keeps the kind that it had first`() {
        Gauge(label: "steps_total", factory: factory).record(1)
        Gauge(label: "wait_seconds", factory: factory).record(1)
        Gauge(label: "x", factory: factory).record(1)
        Recorder(label: "x", factory: factory).record(1)
        Counter(
            label: "crowd", dimensions: (0...Limits.metricLabelsMax).map { ("l\($0)", "v") }, factory: factory
        ).increment()
        let text = registry.text()
        #expect(text.contains("# TYPE steps gauge\nsteps 1\n"))
        #expect(!text.contains("wait_seconds"))
        #expect(text.contains("# TYPE x gauge\nx 1\n"))
        #expect(!text.contains("x_count") && !text.contains("crowd"))
        #expect(text.hasSuffix("bitnet_metric_series_dropped_total 3\n"))
    }

    @Test func `no count is lost when threads count, read and destroy at once`() {
        let factory = factory
        let registry = registry
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for index in 0..<2000 {
                Counter(label: "shared", factory: factory).increment()
                FloatingPointCounter(label: "halves", factory: factory).increment(by: 0.5)
                Recorder(label: "sizes", factory: factory).record(index % 5)
                let own = Gauge(label: "own", dimensions: [("t", "\(thread)")], factory: factory)
                own.record(index)
                own.destroy()
                if index % 500 == 0 { #expect(registry.text().contains("shared_total")) }
            }
        }
        #expect(lines(of: "shared", in: registry) == ["shared_total 16000"])
        #expect(lines(of: "halves", in: registry) == ["halves_total 8000"])
        #expect(lines(of: "sizes_count", in: registry) == ["sizes_count 16000"])
        #expect(lines(of: "sizes_sum", in: registry) == ["sizes_sum 32000"])
        #expect(lines(of: "own", in: registry).isEmpty)
    }

    @Test(.enabled(if: Promtool.path != nil, "promtool is not here: Tests/Checks/Monitoring/unpack"))
    func `promtool has nothing to say against any metric`() throws {
        let registry = PrometheusRegistry(definitions: MetricCatalogue.definitions)
        let factory = PrometheusMetricsFactory(registry: registry)
        for definition in MetricCatalogue.definitions {
            let labels = [("worker", "a\"\\\nb é"), ("le", "x")]
            switch definition.kind {
            case .counter:
                Counter(label: definition.name, dimensions: labels, factory: factory).increment()
            case .gauge: Gauge(label: definition.name, dimensions: labels, factory: factory).record(0.1)
            case .histogram:
                Timer(label: definition.name, dimensions: labels, factory: factory).recordSeconds(1)
            }
        }
        Recorder(label: "foreign.size", factory: factory).record(1)
        Timer(label: "foreign.duration", factory: factory).recordSeconds(1)
        Meter(label: "foreign.count", factory: factory).set(Double.nan)
        let verdict = try Promtool.complaints(["check", "metrics"], input: registry.text())
        #expect(verdict.text.isEmpty)
        #expect(verdict.status == 0)
        // A checker that never complains proves nothing.
        let bad = try Promtool.complaints(["check", "metrics"], input: "# TYPE a_total gauge\na_total 1\n")
        #expect(bad.status != 0)
    }

    @Test func `no two metrics of the list have one name, and each has help and the name it is made with`() {
        var names: Set<String> = []
        for definition in MetricCatalogue.definitions {
            #expect(names.insert(definition.name).inserted)
            #expect(!definition.help.isEmpty)
            #expect(PrometheusText.metricName(definition.name, kind: definition.kind) == definition.name)
        }
    }

    @Test func `aliases are the same figures by other names, with labels of their own`() {
        let registry = PrometheusRegistry(
            definitions: MetricCatalogue.definitions, aliases: MetricCatalogue.vllmAliases,
            aliasLabels: [("model_name", "a \"b\"")])
        let factory = PrometheusMetricsFactory(registry: registry)
        #expect(lines(of: "vllm:", in: registry).isEmpty)
        Counter(label: "bitnet_prompt_tokens_total", factory: factory).increment(by: 7)
        Gauge(label: "bitnet_sequences_running", factory: factory).record(3)
        #expect(lines(of: "vllm:kv_cache_usage_perc", in: registry).isEmpty)
        let slots = Gauge(label: "bitnet_slots", factory: factory)
        slots.record(0)
        let label = #"{model_name="a \"b\""}"#
        #expect(lines(of: "vllm:kv_cache_usage_perc", in: registry) == ["vllm:kv_cache_usage_perc\(label) 0"])
        slots.record(4)
        #expect(
            lines(of: "vllm:kv_cache_usage_perc", in: registry) == ["vllm:kv_cache_usage_perc\(label) 0.75"])
        #expect(lines(of: "vllm:prompt_tokens_total", in: registry) == ["vllm:prompt_tokens_total\(label) 7"])
        #expect(
            lines(of: "vllm:num_requests_running", in: registry) == ["vllm:num_requests_running\(label) 3"])
        for route in ["/v1/models", "/v1/chat/completions"] {
            Timer(
                label: "bitnet_gateway_request_seconds", dimensions: [("route", route)], factory: factory
            ).recordSeconds(1)
        }
        let counts = lines(of: "vllm:e2e_request_latency_seconds_count", in: registry)
        #expect(counts.count == 1 && counts[0].contains("chat") && counts[0].hasSuffix(" 1"))
        #expect(registry.text().contains("# TYPE vllm:e2e_request_latency_seconds histogram"))
    }

    @Test func `every alias is of a metric that there is`() {
        let known = Set(MetricCatalogue.definitions.map(\.name))
        for alias in MetricCatalogue.vllmAliases {
            #expect(known.isSuperset(of: alias.source.names), "\(alias.name)")
        }
    }
}
