// SPDX-License-Identifier: MIT
import AdminAPI
import Testing

@Suite struct DocumentTests {
    @Test func `every path begins with the version, or is one that monitors know`() {
        let versioned = [
            AdminAPI.statusPath, AdminAPI.planPath, AdminAPI.eventsPath, AdminAPI.drainPath,
            AdminAPI.historyPath, AdminAPI.replanPath,
        ]
        for path in versioned { #expect(path.hasPrefix("/v\(AdminAPI.version)/")) }
        #expect(
            [AdminAPI.healthPath, AdminAPI.readyPath, AdminAPI.metricsPath] == [
                "/health", "/ready", "/metrics",
            ])
    }
}
