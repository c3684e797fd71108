// SPDX-License-Identifier: MIT
// The page: asks the coordinator how it is, again and again, and has every part shown.

import { Coordinator } from "./api.js";
import { Charts } from "./charts.js";
import { Chat } from "./chat.js";
import { badge, census, trouble } from "./cluster.js";
import { Confirmation, keyQuestion, questions } from "./dialogs.js";
import { element, part, setAttribute, setText, showEach } from "./elements.js";
import { clock, parameters, span } from "./figures.js";
import { Events, showFailures } from "./journal.js";
import { showCluster } from "./picture.js";
import { showPlan } from "./plan.js";
import { eventsOf } from "./streams.js";

/** Between two looks, milliseconds; longer each time that there is no answer. */
const lookInterval = 2000;
const retryIntervals = [2000, 2000, 4000, 8000, 15_000];
const historyInterval = 10_000;
/** Events come in swarms: one look for all of them. */
const swarmInterval = 250;

const coordinator = new Coordinator();
const confirmation = new Confirmation(coordinator);
const charts = new Charts();
const events = new Events();
const chat = new Chat(coordinator, announce, askKey);

let status = null;
let plan = null;
/** Why there is no newer status. */
let failure = null;
let failureCount = 0;
let historyTime = -Infinity;
let isPlanOld = true;
/** When the coordinator began, seconds since 1970: another one counts its events anew. */
let beginning = null;
let eventStream = null;

// MARK: Looking

const looks = { timer: null, isUnderWay: false };

function lookAfter(delay) {
    clearTimeout(looks.timer);
    looks.timer = setTimeout(look, delay);
}

async function look() {
    if (looks.isUnderWay || document.hidden) return;
    looks.isUnderWay = true;
    try {
        take(await coordinator.get("v1/status"));
        await lookFurther();
    } catch (error) {
        if (!("status" in error)) throw error;
        fail(error);
    } finally {
        looks.isUnderWay = false;
        lookAfter(failure ? retryIntervals[Math.min(failureCount, retryIntervals.length) - 1] : lookInterval);
    }
}

/** What changes seldom. */
async function lookFurther() {
    if (performance.now() - historyTime >= historyInterval) {
        const after = charts.lastTime === null ? "" : `?after=${charts.lastTime}`;
        charts.add(await coordinator.get(`v1/history${after}`), status.time);
        historyTime = performance.now();
    }
    const hasPlan = !["starting"].includes(status.state);
    if (isPlanOld && hasPlan) {
        plan = await coordinator.get("v1/plan");
        isPlanOld = false;
    }
    showPlan(plan, status);
}

function take(document) {
    const began = document.time - document.uptime_seconds;
    if (beginning === null || Math.abs(began - beginning) > 2) begin(began);
    const isNews = failure !== null || status?.state !== document.state;
    status = document;
    failure = null;
    failureCount = 0;
    show();
    if (isNews) announce(`The cluster ${status.cluster}: ${badge(status, null).word}.`);
    if (!eventStream) follow();
}

/** Another coordinator than before, or the first one. */
function begin(began) {
    beginning = began;
    events.clear();
    charts.clear();
    historyTime = -Infinity;
    plan = null;
    isPlanOld = true;
    eventStream?.abort();
    eventStream = null;
}

function fail(error) {
    const isNews = failure?.status !== error.status;
    failure = error;
    failureCount += 1;
    show();
    if (isNews) announce(`${trouble(status, failure).title}.`);
    if (error.wantsKey && isNews) askKey();
}

// MARK: Events

/** Follows events until the stream breaks; the next look begins another. */
async function follow() {
    const stream = new AbortController();
    eventStream = stream;
    try {
        const response = await coordinator.open(`v1/events?after=${events.lastID}`, stream.signal);
        for await (const { data } of eventsOf(response)) {
            if (stream.signal.aborted) return;
            heed(JSON.parse(data));
        }
    } catch {
        // The next look tells why.
    }
    if (eventStream === stream) {
        eventStream = null;
        lookAfter(swarmInterval);
    }
}

function heed(event) {
    events.add(event);
    if (["planned", "serving"].includes(event.kind)) isPlanOld = true;
    lookAfter(swarmInterval);
}

// MARK: Showing

function show() {
    const { level, word } = badge(status, failure);
    const node = part("state");
    setText(node, word);
    setAttribute(node, "data-level", level);
    setAttribute(document.body, "data-stale", failure !== null);
    setText(part("freshness"), failure && status ? `as of ${clock(status.time)}` : "");
    part("key").hidden = !coordinator.hasKey;
    showTrouble(trouble(status, failure));
    const canAct = failure === null && status !== null;
    part("drain").disabled = !canAct;
    part("replan").disabled = !canAct || !["serving", "degraded", "draining"].includes(status.state);
    if (status) showStatus();
    for (const button of document.querySelectorAll("#cluster .box button")) button.disabled = !canAct;
}

function showStatus() {
    document.title = `${failure ? "No answer" : badge(status, null).word} · ${status.cluster}`;
    setText(part("name"), status.cluster);
    showFacts();
    showCluster(status, actions);
    showFailures(status);
    const hasWorkers = status.stages.some((stage) => stage.address);
    part("replan").hidden = !hasWorkers;
    setText(part("drain"), status.state === "draining" ? "Take requests again…" : "Drain the service…");
}

function showFacts() {
    const { model } = status;
    const facts = [
        ["model", `${model.name} ${parameters(model.parameter_count)}`.trim()],
        ["workers", `workers: ${census(status)}`],
        ["up", `up ${span(status.uptime_seconds)}`],
        ["release", status.build],
    ];
    showEach(part("facts"), facts, ([name]) => name, () => {
        const node = element("li");
        return { node, update: ([, text]) => setText(node, text) };
    });
}

function showTrouble(now) {
    const node = part("notice");
    const shown = JSON.stringify(now);
    node.hidden = now === null;
    if (node.shown === shown || now === null) return;
    node.shown = shown;
    setAttribute(node, "data-level", now.level);
    const isLoud = now.level !== "quiet";
    node.replaceChildren(
        element(isLoud ? "h2" : "h3", {}, now.title), ...now.reasons.map((text) => element("p", {}, text)),
        now.advice.length > 0 ? element("ul", { class: "advice" }, ...now.advice.map((text) => element("li", {}, text))) : "",
        now.wantsKey ? keyButton() : "");
}

function keyButton() {
    const button = element("button", { type: "button", class: "primary", id: "give-key" }, "Enter the key…");
    button.addEventListener("click", askKey);
    return button;
}

/** Says something to a screen reader: states and ends of answers, no figures. */
function announce(text) {
    setText(part("announcement"), text);
}

// MARK: Acting

function askKey() {
    if (confirmation.isOpen) return;
    confirmation.ask(keyQuestion, true, async () => {
        take(await coordinator.get("v1/status"));
        lookAfter(0);
    });
}

/** Asks whether it is meant, does it, and says what the coordinator answers. */
function confirm(question, act) {
    const wantsKey = failure?.wantsKey ?? false;
    confirmation.ask(question, wantsKey, async () => {
        const answer = await act();
        if (answer.message) announce(`${answer.message}.`);
        lookAfter(0);
    });
}

function workerPath(worker) {
    return `v1/drain?worker=${encodeURIComponent(worker)}`;
}

const actions = {
    drainWorker: (worker) => confirm(questions.drainWorker(worker), () => coordinator.post(workerPath(worker))),
    resumeWorker: (worker) => confirm(questions.resumeWorker(worker), () => coordinator.delete(workerPath(worker))),
};

part("replan").addEventListener("click", () => confirm(questions.replan(), () => coordinator.post("v1/replan")));
part("drain").addEventListener("click", () => (status.state === "draining"
    ? confirm(questions.resume(), () => coordinator.delete("v1/drain"))
    : confirm(questions.drain(), () => coordinator.post("v1/drain"))));
part("key").addEventListener("click", () => {
    coordinator.useKey(null);
    // What was seen with it goes, too, and the stream of events that was begun with it.
    location.reload();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) lookAfter(0); });
look();
