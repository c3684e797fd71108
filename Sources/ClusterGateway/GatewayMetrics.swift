// SPDX-License-Identifier: MIT
package import Metrics

/// What the public API counts.
///
/// Labels are words of fixed sets: routes as they were declared, classes of status.
package struct GatewayMetrics: Sendable {
    /// Requests that are being answered.
    package let requestsInFlight: Meter
    /// From a request's arrival to its first token, seconds.
    package let timeToFirstToken: Timer
    /// Between two tokens of one answer, as the gateway gets them, seconds.
    package let timeBetweenTokens: Timer
    /// Tokens of prompts that were taken.
    package let promptTokens: Counter
    /// Tokens of answers, whether they were complete or not.
    package let completionTokens: Counter
    /// Answers whose client left before they were complete.
    package let abandoned: Counter

    package init() {
        requestsInFlight = Meter(label: "bitnet_gateway_requests_in_flight")
        timeToFirstToken = Timer(label: "bitnet_time_to_first_token_seconds")
        timeBetweenTokens = Timer(label: "bitnet_time_between_tokens_seconds")
        promptTokens = Counter(label: "bitnet_gateway_prompt_tokens_total")
        completionTokens = Counter(label: "bitnet_gateway_completion_tokens_total")
        abandoned = Counter(label: "bitnet_gateway_abandoned_total")
    }

    /// Requests by route and class of status, and how long they took.
    func count(route: String, status: Int, duration: Duration) {
        let labels = [("route", route), ("status", "\(status / 100)xx")]
        Counter(label: "bitnet_gateway_requests_total", dimensions: labels).increment()
        Timer(label: "bitnet_gateway_request_seconds", dimensions: [("route", route)]).record(
            duration: duration)
    }
}
