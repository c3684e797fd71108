// SPDX-License-Identifier: MIT
// What the plan expects, beside what is measured.

import { element, part } from "./elements.js";
import { bytes, count, milliseconds, share, significant } from "./figures.js";

/** Shows a plan and a status; without a plan, why there is none. */
export function showPlan(plan, status) {
    const content = plan && status ? planned(plan, status) : [element("p", { class: "soft" }, "There is no plan yet: "
        + "it is made when the workers have joined and were measured.")];
    const node = part("plan");
    const shown = content.map((each) => each.textContent).join("\n");
    if (node.shown === shown) return;
    node.shown = shown;
    node.replaceChildren(...content);
}

function planned(plan, status) {
    return [rates(plan, status), stages(plan, status), ...remarks(plan)];
}

function table(caption, heads, rows) {
    return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
        element("table", {}, element("caption", { class: "unseen" }, caption),
            element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
            element("tbody", {}, ...rows.map(row))));
}

function row([head, ...cells]) {
    return element("tr", {}, element("th", { scope: "row" }, head), ...cells.map((cell) => element("td", {}, cell)));
}

function rates(plan, status) {
    const { throughput } = status;
    const expected = (sequences) =>
        plan.expectations.find((each) => each.sequences === sequences)?.tokens_per_second;
    const alone = throughput.is_alone_measured ? throughput.alone_tokens_per_second : undefined;
    return table("Tokens per second", ["tok/s", "plan", "measured", ""], [
        compared("one alone", expected(1), alone),
        compared(`all ${count(plan.slots)} slots`, expected(plan.slots),
            throughput.active_sequences > 0 ? throughput.decode_tokens_per_second : undefined,
            `${significant(throughput.active_sequences)} at work`),
    ]);
}

function compared(name, expected, measured, remark) {
    const ratio = expected > 0 && measured !== undefined ? share(measured / expected) : "";
    return [name, significant(expected), significant(measured), [ratio, remark].filter(Boolean).join(", ")];
}

function stages(plan, status) {
    const seen = (stage) => status.stages.find((each) => each.index === stage.index && each.worker === stage.worker);
    return table("Stages", ["stage", "layers", "step, plan", "step", "memory, plan", "memory"], plan.stages.map((stage) => {
        const measured = seen(stage);
        return [
            `${stage.index} ${stage.worker}`, stage.layers.join("–"), milliseconds(stage.step_milliseconds),
            milliseconds(measured?.compute_milliseconds), bytes(stage.memory_bytes), bytes(measured?.memory_bytes),
        ];
    }));
}

function remarks(plan) {
    const texts = [
        plan.bottleneck && `Bottleneck: ${plan.bottleneck}.`,
        ...plan.notes,
        plan.expectations.length === 0
            && "No speed is expected, as not all workers of this plan were measured"
                + (plan.stages.some((stage) => stage.address) ? ". With --placement bytes none are." : "."),
        `${count(plan.slots)} sequences of ${count(plan.context_length)} tokens, KV cache ${plan.cache_type}`
            + (plan.fingerprint ? `, ${plan.fingerprint}` : ""),
    ];
    return texts.filter(Boolean).map((text) => element("p", { class: "soft" }, text));
}
