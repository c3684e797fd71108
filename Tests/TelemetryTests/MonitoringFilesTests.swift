// SPDX-License-Identifier: MIT
import Foundation
import Telemetry
import Testing

/// What stands in cluster/monitoring fits the metrics.
@Suite struct MonitoringFilesTests {
    private static let directory = Promtool.root.appending(path: "cluster/monitoring")

    private func text(_ name: String) throws -> String {
        try String(contentsOf: Self.directory.appending(path: name), encoding: .utf8)
    }

    private func names(in text: String) -> Set<String> {
        Set(text.matches(of: /\bbitnet_[a-z0-9_]+/).map { String($0.0) })
    }

    /// The names under which a metric can be asked for.
    private func series(of definition: MetricDefinition) -> [String] {
        guard case .histogram = definition.kind else { return [definition.name] }
        return ["_bucket", "_sum", "_count"].map { definition.name + $0 }
    }

    /// Expressions of all panels.
    private func expressions() throws -> [String] {
        struct Dashboard: Decodable {
            struct Panel: Decodable {
                struct Target: Decodable { var expr: String }
                var title: String
                var type: String
                var targets: [Target]?
            }
            var panels: [Panel]
        }
        let dashboard = try JSONDecoder().decode(Dashboard.self, from: Data(text("dashboard.json").utf8))
        for panel in dashboard.panels where panel.type != "row" {
            #expect(panel.targets?.isEmpty == false, "\(panel.title)")
        }
        return dashboard.panels.flatMap { $0.targets ?? [] }.map(\.expr)
    }

    @Test func `rules and dashboard ask for metrics that there are`() throws {
        let known = Set(MetricCatalogue.definitions.flatMap(series) + [PrometheusRegistry.droppedName])
        let rules = try names(in: text("alerts.yml"))
        #expect(rules.count > 10)
        #expect(rules.subtracting(known).isEmpty)
        let asked = try names(in: expressions().joined(separator: "\n"))
        #expect(asked.count > 30)
        #expect(asked.subtracting(known).isEmpty)
    }

    @Test func `every metric is shown`() throws {
        let asked = try names(in: expressions().joined(separator: "\n"))
        for definition in MetricCatalogue.definitions {
            #expect(!asked.isDisjoint(with: series(of: definition)), "\(definition.name)")
        }
    }

    @Test(.enabled(if: Promtool.path != nil, "promtool is not here: Tests/Checks/Monitoring/unpack"))
    func `promtool takes the configuration and the rules`() throws {
        let configuration = Self.directory.appending(path: "prometheus.yml").path
        let verdict = try Promtool.complaints(["check", "config", "--lint-fatal", configuration])
        #expect(verdict.status == 0, "\(verdict.text)")
        #expect(verdict.text.contains("rules found"))
    }

    @Test(.enabled(if: Promtool.path != nil, "promtool is not here: Tests/Checks/Monitoring/unpack"))
    func `promtool takes every expression of the dashboard`() throws {
        let rules = try expressions().map { expression in
            // What Grafana fills in.
            expression.replacing("$__rate_interval", with: "1m").replacing("$instance", with: "a:1")
        }
        let groups = rules.enumerated().map { "      - record: panel:\($0)\n        expr: '\($1)'\n" }
        let path = FileManager.default.temporaryDirectory.appending(path: "panels-\(UUID().uuidString).yml")
        defer { try? FileManager.default.removeItem(at: path) }
        try ("groups:\n  - name: panels\n    rules:\n" + groups.joined())
            .write(to: path, atomically: true, encoding: .utf8)
        let verdict = try Promtool.complaints(["check", "rules", path.path])
        #expect(verdict.status == 0, "\(verdict.text)")
        #expect(verdict.text.contains("\(rules.count) rules found"))
    }

    @Test(.enabled(if: Promtool.path != nil, "promtool is not here: Tests/Checks/Monitoring/unpack"))
    func `alerts fire for what is wrong and not for what is right`() throws {
        let verdict = try Promtool.complaints([
            "test", "rules", Promtool.root.appending(path: "Tests/Checks/Monitoring/alerts_test.yml").path,
        ])
        #expect(verdict.status == 0, "\(verdict.text)")
    }
}
