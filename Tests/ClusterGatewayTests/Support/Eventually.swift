// SPDX-License-Identifier: MIT
import ClusterGateway
import Hummingbird
import Testing

/// Waits until `condition` holds, for a minute at most.
func eventually(
    _ condition: () -> Bool, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(600))
    while !condition() {
        try #require(ContinuousClock.now < deadline, "it never came true", sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(5))
    }
}

enum RequestIDField {
    static let name = RequestID.field
}
