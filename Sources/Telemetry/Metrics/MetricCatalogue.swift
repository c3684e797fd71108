// SPDX-License-Identifier: MIT

/// The metrics of a coordinator and its gateway: the one list that the registry, the alert rules and the
/// dashboard go by.
///
/// Labels are few and bounded: a worker's name, a stage's index, a route's pattern, a word of a fixed set.
package enum MetricCatalogue {
    package static let definitions: [MetricDefinition] = tokens + sequences + stages + workers + service

    private static let tokens: [MetricDefinition] = [
        .init("bitnet_generated_tokens_total", "Tokens written for all sequences together.", .counter),
        .init("bitnet_prompt_tokens_total", "Prompt tokens read.", .counter),
        .init("bitnet_draft_tokens_accepted_total", "Drafted tokens that were what was generated.", .counter),
        .init("bitnet_draft_tokens_rejected_total", "Drafted tokens that were computed in vain.", .counter),
        .init("bitnet_steps_total", "Steps that crossed all stages.", .counter),
        .init(
            "bitnet_time_to_first_token_seconds", "From a request's arrival to its first token.",
            .histogram(buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120])),
        .init(
            "bitnet_time_between_tokens_seconds", "Between two tokens of a sequence.",
            .histogram(buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10])),
        .init(
            "bitnet_step_transit_seconds", "The part of a step's time in which no stage computed it.",
            .histogram(buckets: [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10])),
        .init("bitnet_seconds_since_last_token", "Since a token last crossed every stage.", .gauge),
    ]

    private static let sequences: [MetricDefinition] = [
        .init("bitnet_sequences_waiting", "Sequences that wait for a slot.", .gauge),
        .init("bitnet_sequences_running", "Sequences that have a slot.", .gauge),
        .init("bitnet_slots", "Sequences that can run at a time.", .gauge),
        .init("bitnet_sequences_refused_total", "Sequences that were refused, as too many waited.", .counter),
        .init("bitnet_sequences_finished_total", "Sequences that ended, by reason.", .counter),
    ]

    private static let stages: [MetricDefinition] = [
        .init("bitnet_stage_busy_seconds_total", "Time that a stage computed.", .counter),
        .init("bitnet_stage_idle_seconds_total", "Time that a stage waited for a step.", .counter),
        .init("bitnet_stage_sending_seconds_total", "Time that a stage's compute thread sent.", .counter),
        .init("bitnet_stage_steps_total", "Steps that a stage computed.", .counter),
        .init("bitnet_hop_received_bytes_total", "Bytes of hops that reached a stage.", .counter),
    ]

    private static let workers: [MetricDefinition] = [
        .init("bitnet_worker_up", "Whether the worker answers (1) or not (0).", .gauge),
        .init("bitnet_heartbeat_round_trip_seconds", "Round trip of the last heartbeat.", .gauge),
        .init("bitnet_shipped_bytes_total", "Bytes of weights sent to a worker.", .counter),
        .init("bitnet_worker_cpu_seconds_total", "Processor time of the worker's process.", .counter),
        .init("bitnet_worker_resident_bytes", "Memory that the worker's process holds.", .gauge),
        .init("bitnet_worker_stage_memory_bytes", "Weights, KV cache and scratch of its stage.", .gauge),
        .init("bitnet_worker_memory_available_bytes", "Memory that the worker could still take.", .gauge),
        .init("bitnet_worker_disk_free_bytes", "Free space where the worker keeps weights.", .gauge),
        .init(
            "bitnet_worker_steal_ratio", "Share of processor time that other virtual machines took.", .gauge),
    ]

    private static let service: [MetricDefinition] = [
        .init(
            "bitnet_log_lines_dropped_total", "Log lines that were dropped, as nobody read them.", .counter),
        .init("bitnet_cluster_state", "1 for the state that the cluster is in, 0 for the others.", .gauge),
        .init("bitnet_pipeline_starts_total", "Times that the stages were put together.", .counter),
        .init("bitnet_pipeline_losses_total", "Times that the stages were lost while they served.", .counter),
        .init("bitnet_gateway_requests_total", "Answered HTTP requests, by route and status.", .counter),
        .init("bitnet_gateway_requests_in_flight", "HTTP requests under way.", .gauge),
        .init(
            "bitnet_gateway_request_seconds", "From an HTTP request's arrival to the end of its answer.",
            .histogram(buckets: [0.005, 0.025, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300])),
        .init("bitnet_gateway_prompt_tokens_total", "Tokens of prompts that the gateway took.", .counter),
        .init("bitnet_gateway_completion_tokens_total", "Tokens of answers, complete or not.", .counter),
        .init("bitnet_gateway_abandoned_total", "Answers whose client left before their end.", .counter),
    ]
}
