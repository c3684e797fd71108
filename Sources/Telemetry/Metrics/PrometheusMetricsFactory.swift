// SPDX-License-Identifier: MIT
package import CoreMetrics

/// Lets swift-metrics count in a ``PrometheusRegistry``.
///
/// Timers and aggregating recorders become histograms, other recorders and meters gauges. Handlers with the same
/// name and labels share one series.
package struct PrometheusMetricsFactory: MetricsFactory {
    private let registry: PrometheusRegistry

    package init(registry: PrometheusRegistry) {
        self.registry = registry
    }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions)
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        counter(label, dimensions)
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        aggregate
            ? histogram(label, dimensions, .unnamedRecorder, isTime: false) : gauge(label, dimensions)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions, .unnamedTimer, isTime: true)
    }

    package func destroyCounter(_ handler: any CounterHandler) { registry.destroy(handler) }
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {
        registry.destroy(handler)
    }
    package func destroyMeter(_ handler: any MeterHandler) { registry.destroy(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { registry.destroy(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { registry.destroy(handler) }

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterSeries {
        registry.series(label, dimensions, kind: .counter) { _ in CounterSeries() }
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries {
        registry.series(label, dimensions, kind: .gauge) { _ in GaugeSeries() }
    }

    private func histogram(
        _ label: String, _ dimensions: [(String, String)], _ kind: MetricDefinition.Kind, isTime: Bool
    ) -> HistogramSeries {
        registry.series(label, dimensions, kind: kind, isTime: isTime) { kind in
            guard case .histogram(let buckets) = kind else { return HistogramSeries(bounds: []) }
            return HistogramSeries(bounds: buckets)
        }
    }
}
