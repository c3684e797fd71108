// SPDX-License-Identifier: MIT
// The cluster as a picture: the way of a token through the machines, the layers, and who has none.

import { flow, layersInWords, machineKinds, reserve, reserveRemedy } from "./cluster.js";
import { drawing, element, part, setAttribute, setText, showEach } from "./elements.js";
import { byteRate, bytes, count, layers, milliseconds, share, significant } from "./figures.js";

/** Draws a status. `actions` has what the buttons of a machine do. */
export function showCluster(status, actions) {
    showEach(part("flow"), flow(status), (item) => item.key, (item) => flowItem(item, actions));
    showLayers(status);
    const machines = reserve(status);
    part("reserve").hidden = machines.length === 0;
    showEach(part("reserve-list"), machines, (machine) => machine.worker, () => reserveItem(actions));
}

// MARK: The flow

function flowItem(item, actions) {
    const box = item.end ? endBox(item) : stageBox(item, actions);
    const link = item.link ? linkBox(item) : null;
    return {
        node: element("li", { class: item.end ? "end" : "stage" }, link?.node, box.node),
        update(next) {
            link?.update(next);
            box.update(next);
        },
    };
}

/** An arrow with what it carries; its dashes move while tokens do. */
function linkBox() {
    const over = element("span");
    const under = element("span");
    const arrow = drawing("svg", { class: "arrow", viewBox: "0 0 56 12", "aria-hidden": "true" },
        drawing("path", { class: "shaft", d: "M2 6H46" }), drawing("path", { class: "tip", d: "M45 1.5L54 6L45 10.5Z" }));
    const node = element("div", { class: "link" }, over, arrow, under);
    return {
        node,
        update(item) {
            setAttribute(node, "data-moving", item.isMoving);
            setText(over, item.link);
            setText(under, linkFigures(item));
        },
    };
}

function linkFigures({ stage, isMoving }) {
    if (!stage) return "";
    const parts = [];
    if (isMoving) parts.push(byteRate(stage.received_bytes_per_second));
    if (stage.link_milliseconds !== undefined) parts.push(milliseconds(stage.link_milliseconds));
    return parts.join(" · ");
}

function endBox(item) {
    const list = element("dl", { class: "figures" });
    const node = element("div", { class: "box" },
        element("p", { class: "title" }, element("strong", {}, item.end)),
        element("p", { class: "soft" }, item.end === "Requests" ? "into the coordinator" : "out of the coordinator"),
        list);
    return { node, update: (next) => showFigures(list, next.figures ?? answerFigures(next.throughput)) };
}

function answerFigures(throughput) {
    return [
        ["written", `${significant(throughput.decode_tokens_per_second)} tok/s`],
        ["read", `${significant(throughput.prefill_tokens_per_second)} tok/s`],
        ["first token", milliseconds(throughput.time_to_first_token_p50_milliseconds)],
        ["95 %", milliseconds(throughput.time_to_first_token_p95_milliseconds)],
        ["between", milliseconds(throughput.between_tokens_p50_milliseconds)],
    ];
}

function showFigures(list, figures) {
    showEach(list, figures, ([name]) => name, ([name]) => {
        const value = element("dd");
        return { node: element("div", { "data-name": name }, element("dt", {}, name), value), update: ([, text]) => setText(value, text) };
    });
}

function stageBox(item, actions) {
    const mark = stateMark();
    const place = element("p", { class: "soft" });
    const busy = meter();
    const list = element("dl", { class: "figures" });
    const slowest = element("p", { class: "tag" }, "slowest stage");
    const drain = element("button", { type: "button", class: "small" }, "Drain…");
    const { worker } = item.stage;
    drain.setAttribute("aria-label", `Drain ${worker}…`);
    drain.addEventListener("click", () => actions.drainWorker(worker));
    const node = element("article", { class: "box" },
        element("p", { class: "title" }, element("strong", {}, worker), mark.node), place, busy.node, list,
        element("div", { class: "foot" }, slowest, element("span", { class: "spring" }), drain));
    return {
        node,
        update({ stage }) {
            mark.update(stage.state, stage.progress);
            setAttribute(node, "data-kind", stage.state);
            setText(place, `stage ${stage.index} · ${layers(stage.layers)}`);
            busy.update(stage.idle_fraction === undefined ? null : 1 - stage.idle_fraction);
            showFigures(list, stageFigures(stage));
            slowest.hidden = !stage.is_slowest;
            drain.hidden = stage.state !== "serving" || !stage.address;
        },
    };
}

/** What is used, of what there is, if that is known. */
function outOf(used, all, figure, figureOfAll = figure) {
    return all === undefined ? figure(used) : `${figure(used)} of ${figureOfAll(all)}`;
}

function stageFigures(stage) {
    const kernels = [stage.isa, stage.threads && `${stage.threads} thr`].filter(Boolean).join(" · ");
    return [
        ["step", stage.compute_milliseconds, milliseconds(stage.compute_milliseconds)],
        ["memory", stage.memory_bytes, outOf(stage.memory_bytes, stage.memory_limit_bytes, bytes)],
        ["cores", stage.cores_active, outOf(stage.cores_active, stage.cores, significant, count)],
        ["heartbeat", stage.heartbeat_milliseconds, milliseconds(stage.heartbeat_milliseconds)],
        ["kernels", kernels, kernels],
        ["stolen", stage.steal_fraction > 0.02, share(stage.steal_fraction)],
    ].filter(([, isKnown]) => isKnown).map(([name, , text]) => [name, text]);
}

/** A state as mark and word. */
function stateMark() {
    const shape = drawing("path");
    const word = element("span");
    const node = element("span", { class: "mark" },
        drawing("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, shape), word);
    return {
        node,
        update(kind, progress) {
            const { level, word: text } = machineKinds[kind] ?? { level: "warn", word: kind };
            setAttribute(node, "data-level", level);
            setAttribute(shape, "d", shapes[level]);
            setText(word, progress === undefined ? text : `${text} ${share(progress)}`);
        },
    };
}

/** A disc, a triangle, a cross, a ring and a half: they differ without their colours. */
const shapes = {
    good: "M6 1a5 5 0 1 0 0 10A5 5 0 1 0 6 1Z",
    warn: "M6 1L11.5 11H.5Z",
    bad: "M2.5 1L6 4.5L9.5 1L11 2.5L7.5 6L11 9.5L9.5 11L6 7.5L2.5 11L1 9.5L4.5 6L1 2.5Z",
    quiet: "M6 1a5 5 0 1 0 0 10A5 5 0 1 0 6 1ZM6 3a3 3 0 1 1 0 6A3 3 0 1 1 6 3Z",
    busy: "M6 1a5 5 0 0 1 0 10Z",
};

/** How busy a stage is, as a bar. */
function meter() {
    const bar = drawing("rect", { class: "filled", width: "0", height: "6", rx: "1" });
    const text = element("span");
    const node = element("div", { class: "meter" },
        drawing("svg", { viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
            drawing("rect", { class: "whole", width: "100", height: "6", rx: "1" }), bar), text);
    return {
        node,
        update(busy) {
            node.hidden = busy === null;
            setAttribute(bar, "width", String(Math.round((busy ?? 0) * 100)));
            setText(text, `${share(busy)} busy`);
        },
    };
}

// MARK: Layers

/** A cell for each layer, in the shade of its stage, and below them who has them. */
function showLayers(status) {
    const layerCount = status.model.layer_count;
    const placed = status.stages.filter((stage) => stage.layers.length === 2);
    const node = part("layers");
    node.hidden = placed.length === 0 || layerCount === 0;
    const shown = JSON.stringify([layerCount, placed.map((stage) => [stage.worker, stage.layers, stage.state])]);
    if (node.hidden || node.shown === shown) return;
    node.shown = shown;
    const runs = layerRuns(placed, layerCount);
    node.replaceChildren(
        drawing("svg", {
            viewBox: `0 0 ${layerCount * 10} 10`, preserveAspectRatio: "none", role: "img",
            "aria-label": layersInWords(status),
        }, ...runs.flatMap((run) => layerCells(run, layerCount))),
        element("div", { class: "names", "aria-hidden": "true" }, ...runs.map(layerName)));
}

/** Layers that belong together, from the first to the last: those of a stage, or those that nobody has. */
function layerRuns(stages, layerCount) {
    const runs = [];
    let next = 0;
    const add = (end, shade, name) => {
        if (end > next) runs.push({ first: next, end, shade, name });
        next = Math.max(next, end);
    };
    for (const stage of [...stages].sort((one, other) => one.layers[0] - other.layers[0])) {
        add(stage.layers[0], "nobody", "nobody");
        add(stage.layers[1] + 1, layerShade(stage), stage.worker);
    }
    add(layerCount, "nobody", "nobody");
    return runs;
}

function layerShade(stage) {
    if (stage.state === "serving") return `shade-${stage.index % 2}`;
    return stage.state === "lost" ? "gone" : "coming";
}

function layerCells({ first, end, shade }, layerCount) {
    const gap = Math.min(layerCount / 60, 1.5);
    return Array.from({ length: end - first }, (_, index) => drawing("rect", {
        class: shade, x: String((first + index) * 10 + gap / 2), y: "0", width: String(10 - gap), height: "10",
    }));
}

function layerName({ first, end, name }) {
    const node = element("span", {}, `${end - first === 1 ? first : `${first}–${end - 1}`} ${name}`);
    node.style.flexGrow = String(end - first);
    return node;
}

// MARK: The reserve

function reserveItem(actions) {
    const name = element("strong");
    const mark = stateMark();
    const what = element("p");
    const remedy = element("p", { class: "remedy" });
    const resume = element("button", { type: "button", class: "small" }, "Resume…");
    const drain = element("button", { type: "button", class: "small" }, "Drain…");
    let worker = null;
    resume.addEventListener("click", () => actions.resumeWorker(worker));
    drain.addEventListener("click", () => actions.drainWorker(worker));
    const foot = element("div", { class: "foot" }, element("span", { class: "spring" }), resume, drain);
    const node = element("li", { class: "box" },
        element("p", { class: "title" }, name, mark.node), what, remedy, foot);
    return {
        node,
        update(machine) {
            worker = machine.worker;
            setText(name, worker);
            setAttribute(node, "data-kind", machine.kind);
            mark.update(machine.kind);
            setText(what, reserveText(machine));
            const advice = reserveRemedy(machine);
            setText(remedy, advice ?? "");
            remedy.hidden = advice === null;
            resume.hidden = machine.kind !== "drained";
            drain.hidden = machine.kind !== "spare";
            foot.hidden = resume.hidden && drain.hidden;
            setAttribute(resume, "aria-label", `Resume ${worker}…`);
            setAttribute(drain, "aria-label", `Drain ${worker}…`);
        },
    };
}

function reserveText(machine) {
    if (machine.kind === "drained") return "It has no layers, as the operator wants.";
    if (machine.kind !== "spare") return machine.reason;
    return `It holds ${layers(machine.layers)} in memory (${bytes(machine.memory_bytes)}), ready for a loss.`;
}
