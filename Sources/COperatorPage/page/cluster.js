// SPDX-License-Identifier: MIT
// What the documents of the coordinator mean: no nodes, no requests.

import { count, layers, plural } from "./figures.js";

/** Marks and words for what a machine may be; the mark says it without colour. */
export const machineKinds = {
    serving: { level: "good", word: "serving" },
    waiting: { level: "warn", word: "waited for" },
    joined: { level: "busy", word: "joined" },
    receiving: { level: "busy", word: "receiving weights" },
    loading: { level: "busy", word: "loading" },
    lost: { level: "bad", word: "lost" },
    spare: { level: "good", word: "standing by" },
    drained: { level: "quiet", word: "drained" },
    absent: { level: "warn", word: "not standing by" },
};

const states = {
    starting: { level: "busy", word: "Starting" },
    serving: { level: "good", word: "Serving" },
    degraded: { level: "warn", word: "Degraded" },
    draining: { level: "warn", word: "Draining" },
    recovering: { level: "warn", word: "Recovering" },
    down: { level: "bad", word: "Down" },
};

/** What stands in the badge; `failure` is why there is no newer status. */
export function badge(status, failure) {
    if (failure?.wantsKey) return { level: "warn", word: "Key wanted" };
    if (failure) return { level: "bad", word: "No answer" };
    if (!status) return { level: "quiet", word: "Connecting" };
    return states[status.state] ?? { level: "warn", word: status.state };
}

/** How a worker without layers is shown. */
function reserveKind(spare, isLost) {
    if (spare.is_drained) return "drained";
    if (spare.layers) return "spare";
    return isLost ? "lost" : "absent";
}

/** For how long a lost worker is told of that no list names: those who stand by are looked at again in that time. */
const lossShownSeconds = 60;

/** Workers without layers: they stand by, are drained, or are gone. */
export function reserve(status) {
    const owners = new Set(status.stages.map((stage) => stage.worker));
    const lost = lostWorkers(status, owners);
    const named = (status.spares ?? []).filter((spare) => !owners.has(spare.worker)).map((spare) => ({
        ...spare, kind: reserveKind(spare, lost.has(spare.worker)),
    }));
    const names = new Set(named.map((machine) => machine.worker));
    const others = [...lost.values()]
        .filter((failure) => !names.has(failure.worker) && status.time - failure.time < lossShownSeconds)
        .map((failure) => ({ worker: failure.worker, kind: "lost", reason: separate(failure.message).what }));
    return [...named, ...others].sort((one, other) => one.worker.localeCompare(other.worker));
}

/** The last failure of each worker that has no layers since. */
function lostWorkers(status, owners) {
    const lost = new Map();
    for (const failure of status.failures) {
        const isGone = failure.worker && !owners.has(failure.worker);
        if (isGone && !lost.has(failure.worker)) lost.set(failure.worker, failure);
    }
    return lost;
}

/** What to do about a machine of the reserve; null if nothing need be done. */
export function reserveRemedy(machine) {
    switch (machine.kind) {
    case "lost":
        return `Start bitnet-worker on ${machine.worker} again: it then stands by within half a minute. Its weights `
            + "are on its disk. “Divide layers anew” gives it layers.";
    case "absent":
        return "“Divide layers anew” gives it layers, if it can be reached; if not, bitnet-ctl doctor --shards "
            + "workers.yaml looks for the cause.";
    case "drained":
        return "It may be stopped and upgraded. “Resume” lets it have layers again.";
    default:
        return null;
    }
}

/** A message's first sentence, and the others, which say what to do. */
export function separate(message) {
    const end = message.search(/\. (?=[A-Z“])/);
    return end < 0
        ? { what: message, remedy: null }
        : { what: message.slice(0, end + 1), remedy: message.slice(end + 2) };
}

/** What became of a failure, and what is still to be done about it. */
export function aftermath(failure, status) {
    const isServing = status.stages.some((stage) => stage.worker === failure.worker && stage.state === "serving");
    if (isServing) return { isOver: true, text: `${failure.worker} serves again.` };
    const machine = reserve(status).find((each) => each.worker === failure.worker);
    if (machine?.kind === "spare") {
        return { isOver: true, text: `${failure.worker} is back and stands by. “Divide layers anew” gives it layers.` };
    }
    return { isOver: false, text: (machine && reserveRemedy(machine)) ?? separate(failure.message).remedy };
}

/** Sequences that a failure interrupted, and how long nothing was served. */
export function effects(failure, outage) {
    const parts = [];
    if (failure.lost_sequence_count > 0) {
        parts.push(`${plural(failure.lost_sequence_count, "sequence")} interrupted`);
    }
    if (outage) parts.push(`${outage} without service`);
    return parts;
}

/** What is wrong now, why, and what to do; null while all is well. */
export function trouble(status, failure) {
    if (failure?.wantsKey) return keyTrouble;
    if (failure) return silence(failure);
    if (!status) return null;
    if (status.state === "serving") return imperfection(status);
    const { level, word } = badge(status, null);
    return {
        level, title: titles[status.state] ?? word, reasons: status.reasons,
        advice: [...missingAdvice(status), ...status.hints],
    };
}

/** What is not as it should be while all is served; null if nothing is. */
function imperfection(status) {
    const gone = reserve(status).filter((machine) => ["lost", "absent"].includes(machine.kind));
    const advice = status.hints;
    if (gone.length > 0) {
        return {
            level: "warn", title: `The cluster serves without ${gone.map((machine) => machine.worker).join(", ")}`, advice,
            reasons: ["Others serve all layers; one more loss may find no room. What to do stands below, with the worker."],
        };
    }
    return advice.length > 0 ? { level: "quiet", title: "What could be better", reasons: [], advice } : null;
}

/** Nobody can serve without the workers that do not answer; while the cluster starts the coordinator says so itself. */
function missingAdvice(status) {
    const missing = status.stages.filter((stage) => ["waiting", "lost"].includes(stage.state));
    if (missing.length === 0 || !["recovering", "down"].includes(status.state)) return [];
    const names = [...new Set(missing.map((stage) => `${stage.worker} (${stage.address})`))].join(", ");
    return [`Start bitnet-worker on ${names}, if it does not run; bitnet-ctl doctor --shards workers.yaml looks for causes.`];
}

const titles = {
    starting: "The stages are being brought up",
    degraded: "The cluster serves, with a remark",
    draining: "The service is being drained",
    recovering: "Other stages are being brought up; requests wait and go on where they stood",
    down: "Nothing is served",
};

/** How many machines there are of each kind, the best first. */
export function census(status) {
    const kinds = new Map(status.stages.map((stage) => [stage.worker, stage.state]));
    for (const machine of reserve(status)) kinds.set(machine.worker, machine.kind);
    const words = [...kinds.values()].map((kind) => machineKinds[kind]?.word ?? kind);
    return [...new Set(words)].map((word) => `${words.filter((each) => each === word).length} ${word}`).join(", ");
}

const keyTrouble = {
    level: "warn", title: "This coordinator wants the operator's key", reasons: [], wantsKey: true,
    advice: ["It is one of the lines of the file that the coordinator was given as --admin-key-file."],
};

function silence(failure) {
    return {
        level: "bad",
        title: failure.isUnreachable ? "The coordinator does not answer" : "The coordinator refuses to answer",
        reasons: failure.isUnreachable ? [] : [failure.message],
        advice: [
            "Look whether bitnet-coord runs, and at the last lines of its log; if it was stopped, start it again. "
                + "Workers keep their weights in memory for a while, and nothing is shipped twice.",
            "If it runs, the way from here to it is broken: a tunnel, a proxy, a firewall.",
            "This page tries again by itself; what it shows meanwhile is old.",
        ],
    };
}

/** The ends and stages of the flow, in a token's order, and what comes to each. */
export function flow(status) {
    const { throughput, queue } = status;
    // Steps alone may be those by which an idle service sees that it works.
    const isMoving = throughput.decode_tokens_per_second + throughput.prefill_tokens_per_second > 0;
    const stages = status.stages.map((stage, index) => ({
        key: `${stage.index} ${stage.worker}`, stage, isMoving: isMoving && stage.state === "serving",
        link: index === 0 ? "token ids" : "int8 hops",
    }));
    return [
        { key: "in", end: "Requests", figures: requestFigures(queue) },
        ...stages,
        { key: "out", end: "Answers", throughput, link: "tokens", isMoving },
    ];
}

function requestFigures(queue) {
    return [
        ["running", `${count(queue.running)} of ${count(queue.slots)}`], ["waiting", count(queue.waiting)],
        ["finished", count(queue.finished_count)], ["refused", count(queue.refused_count)],
        ["failed", count(queue.failed_count)],
    ];
}

/** For whom a picture is only read aloud. */
export function layersInWords(status) {
    return status.stages.map((stage) => `${layers(stage.layers)} on ${stage.worker}`).join(", ");
}
