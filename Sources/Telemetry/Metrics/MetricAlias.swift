// SPDX-License-Identifier: MIT

/// A metric of ours under the name that programs of others know it by.
///
/// Only what is the same thing gets another's name: who reads it compares it with what others call so.
package struct MetricAlias: Equatable, Sendable {
    package enum Source: Equatable, Sendable {
        /// The metric of this name; if labels are given, only series that have one of them.
        case metric(String, having: [String] = [])
        /// The quotient of two gauges, 0 where there is nothing to divide by.
        case quotient(String, by: String)

        /// The metrics that it is made of.
        package var names: [String] {
            switch self {
            case .metric(let name, _): [name]
            case .quotient(let one, let other): [one, other]
            }
        }
    }

    package var name: String
    package var help: String
    package var source: Source

    package init(_ name: String, _ help: String, _ source: Source) {
        self.name = name
        self.help = help
        self.source = source
    }
}

extension MetricCatalogue {
    /// The names that vLLM gives what is measured here too: dashboards for it, autoscalers, and the endpoint picker of the
    /// Gateway API's inference extension read them.
    package static let vllmAliases: [MetricAlias] = [
        .init(
            "vllm:num_requests_running", "Sequences that have a slot.", .metric("bitnet_sequences_running")),
        .init(
            "vllm:num_requests_waiting", "Sequences that wait for a slot.",
            .metric("bitnet_sequences_waiting")),
        .init(
            "vllm:kv_cache_usage_perc", "Share of the KV cache's slots that are taken, 0 to 1.",
            .quotient("bitnet_sequences_running", by: "bitnet_slots")),
        .init(
            "vllm:gpu_cache_usage_perc", "The same, as older releases call it.",
            .quotient("bitnet_sequences_running", by: "bitnet_slots")),
        .init("vllm:prompt_tokens_total", "Prompt tokens read.", .metric("bitnet_prompt_tokens_total")),
        .init(
            "vllm:generation_tokens_total", "Tokens written.", .metric("bitnet_generated_tokens_total")),
        .init(
            "vllm:time_to_first_token_seconds", "From a request's arrival to its first token.",
            .metric("bitnet_time_to_first_token_seconds")),
        .init(
            "vllm:inter_token_latency_seconds", "Between two tokens of a sequence.",
            .metric("bitnet_time_between_tokens_seconds")),
        .init(
            "vllm:e2e_request_latency_seconds", "From a request's arrival to the end of its answer.",
            .metric(
                "bitnet_gateway_request_seconds",
                having: [#"route="/v1/completions""#, #"route="/v1/chat/completions""#])),
    ]
}
