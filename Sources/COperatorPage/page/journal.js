// SPDX-License-Identifier: MIT
// What has happened: failures with what to do about them, and events as they come.

import { aftermath, effects, separate } from "./cluster.js";
import { element, part, setAttribute, setText, showEach } from "./elements.js";
import { clock, span } from "./figures.js";

const eventsShownMax = 300;

/** Kinds that say how the cluster fares; the others are steps on the way. */
const levels = {
    lost: "bad", down: "bad", request_failed: "bad", moving: "warn", draining: "warn", serving: "good", spare: "quiet",
    remark: "quiet", planned: "quiet", waiting: "warn",
};

export function showFailures(status) {
    part("failures-empty").hidden = status.failures.length > 0;
    const items = status.failures.map((failure, index) => ({ failure, status, isLatest: index === 0 }));
    showEach(part("failures"), items, ({ failure }) => `${failure.time} ${failure.message}`, failureItem);
}

function failureItem({ failure }) {
    const { what } = separate(failure.message);
    const time = element("time", {});
    const cost = element("span", { class: "soft" });
    const after = element("p", { class: "remedy" });
    const node = element("li", {}, element("p", { class: "soft" }, time, cost), element("p", {}, what), after);
    return {
        node,
        update({ failure: now, status, isLatest }) {
            setText(time, clock(now.time, status.time));
            setText(cost, effects(now, outage(now, status, isLatest)).map((text) => ` · ${text}`).join(""));
            const { isOver, text } = aftermath(now, status);
            setText(after, text ?? "");
            after.hidden = !text;
            setAttribute(node, "data-level", isOver ? "quiet" : "bad");
        },
    };
}

/** An outage that is over has a length; the latest may last. */
function outage(failure, status, isLatest) {
    if (failure.outage_seconds !== undefined) return span(failure.outage_seconds);
    const isLasting = isLatest && ["down", "recovering", "starting"].includes(status.state);
    return isLasting ? span(status.time - failure.time) : null;
}

/** Events, the latest first, of which only some are kept. */
export class Events {
    #events = [];
    #drawing = null;

    constructor() {
        part("events-all").addEventListener("change", () => this.#show());
    }

    /** The number of the last one; 0 if there is none. */
    get lastID() { return this.#events[0]?.id ?? 0; }

    clear() {
        this.#events = [];
        this.#show();
    }

    add(event) {
        this.#events = [event, ...this.#events].slice(0, eventsShownMax);
        // A thousand of them may come at once.
        this.#drawing ??= requestAnimationFrame(() => {
            this.#drawing = null;
            this.#show();
        });
    }

    #show() {
        const showsAll = part("events-all").checked;
        const events = this.#events.filter((event) => showsAll || levels[event.kind]);
        part("events-empty").hidden = events.length > 0;
        part("events").hidden = events.length === 0;
        showEach(part("events"), events, (event) => `${event.id} ${event.time}`, eventItem);
    }
}

function eventItem(event) {
    const kind = element("span", { class: "kind", "data-level": levels[event.kind] ?? "quiet" }, event.kind.replace("_", " "));
    const isNamed = event.worker && !event.message.startsWith("worker ");
    const text = isNamed ? `${event.worker}: ${event.message}` : event.message;
    return { node: element("li", {}, element("time", {}, clock(event.time)), kind, element("span", {}, text)) };
}
