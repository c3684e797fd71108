// SPDX-License-Identifier: MIT
// The last hour as small charts, from the samples of /v1/history.

import { drawing, element, part, setAttribute, setText, showEach } from "./elements.js";
import { clock, count, milliseconds, share, significant, span } from "./figures.js";

const hour = 3600;
/** What is drawn at least: a coordinator that has just begun has little to tell. */
const spanMin = 300;
const width = 360;
const height = 48;

const rate = (value) => `${significant(value)} tok/s`;

/** What is drawn; `values` are one or two series of a sample. */
const kinds = [
    { title: "Written", unit: rate, values: (sample) => [sample.decode_tokens_per_second] },
    { title: "Read of prompts", unit: rate, values: (sample) => [sample.prefill_tokens_per_second] },
    { title: "First token, median", unit: milliseconds, values: (sample) => [sample.time_to_first_token_p50_milliseconds] },
    { title: "Running, and waiting", unit: count, values: (sample) => [sample.running, sample.waiting] },
];

/** Keeps the samples of an hour and draws them. */
export class Charts {
    #samples = [];
    #interval = 10;
    #now = 0;
    /** The sample that is pointed at. */
    #pointed = null;
    /** What is drawn: shared with the charts, which live longer than one drawing. */
    #frame = { start: 0, seconds: hour, gap: 0, samples: [], pointed: null };

    constructor() {
        const charts = part("charts");
        charts.addEventListener("pointermove", (event) => this.#point(event));
        charts.addEventListener("pointerleave", () => this.#pointAt(null));
    }

    /** Time of the last sample; null if there is none. */
    get lastTime() { return this.#samples.at(-1)?.time ?? null; }

    clear() {
        this.#samples = [];
        this.#pointed = null;
    }

    /** Takes a history document of what came since the last one. */
    add(document, now) {
        this.#interval = document.interval_seconds;
        this.#now = now;
        const known = this.lastTime ?? -Infinity;
        const all = [...this.#samples, ...document.samples.filter((sample) => sample.time > known)];
        this.#samples = all.filter((sample) => sample.time > now - hour);
        this.#draw();
    }

    #draw() {
        const samples = this.#samples;
        part("hour-empty").hidden = samples.length > 0;
        const seconds = Math.min(Math.max(this.#now - (samples[0]?.time ?? this.#now), spanMin), hour);
        const frame = Object.assign(this.#frame, {
            start: this.#now - seconds, seconds, gap: 2.5 * this.#interval, samples, pointed: this.#pointed,
        });
        showEach(part("charts"), samples.length > 0 ? kinds : [], (kind) => kind.title, chart(frame));
        const workers = [...new Set(samples.flatMap((sample) => Object.keys(sample.busy_fractions)))].sort();
        part("busy-title").hidden = workers.length === 0;
        showEach(part("busy"), workers, (worker) => worker, busyRow(frame));
        this.#sayMoment();
    }

    #sayMoment() {
        setText(part("moment"), this.#pointed ? `at ${clock(this.#pointed.time)}` : "a sample every ten seconds");
    }

    #point(event) {
        const svg = event.target.closest(".chart")?.querySelector("svg");
        if (!svg) return this.#pointAt(null);
        const box = svg.getBoundingClientRect();
        const time = this.#frame.start + (event.clientX - box.left) / box.width * this.#frame.seconds;
        this.#pointAt(nearest(this.#samples, time));
    }

    #pointAt(sample) {
        if (sample === this.#pointed) return;
        this.#pointed = sample;
        this.#draw();
    }
}

function nearest(samples, time) {
    return samples.reduce((best, sample) =>
        best && Math.abs(best.time - time) <= Math.abs(sample.time - time) ? best : sample, null);
}

function chart(frame) {
    return (kind) => {
        const value = element("span", { class: "value" });
        const peak = element("span");
        const beginning = element("span");
        const svg = canvas();
        const node = element("figure", { class: "chart" },
            element("figcaption", {}, element("span", {}, kind.title), value), svg,
            element("p", { class: "scale" }, beginning, peak, element("span", {}, "now")));
        const plot = plotting(svg);
        return {
            node,
            update() {
                const shown = frame.pointed ?? frame.samples.at(-1);
                const highest = plot(frame, kind.values, null);
                setText(value, kind.values(shown).map((each) => kind.unit(each)).join(", "));
                setText(peak, `at most ${kind.unit(highest)}`);
                setText(beginning, `${span(Math.round(frame.seconds / 60) * 60)} ago`);
                setAttribute(svg, "aria-label",
                    `${kind.title}: now ${kind.values(frame.samples.at(-1)).map(kind.unit).join(", ")}, `
                    + `at most ${kind.unit(highest)} in the last hour`);
            },
        };
    };
}

function busyRow(frame) {
    return (worker) => {
        const value = element("span", { class: "value" });
        const svg = canvas();
        const node = element("li", { class: "chart" }, element("span", { class: "name" }, worker), svg, value);
        const plot = plotting(svg);
        return {
            node,
            update() {
                const busy = (sample) => [sample.busy_fractions[worker]];
                plot(frame, busy, 1);
                setText(value, share(busy(frame.pointed ?? frame.samples.at(-1))[0]));
                setAttribute(svg, "aria-label", `${worker} is busy ${share(busy(frame.samples.at(-1))[0])} now`);
            },
        };
    };
}

function canvas() {
    return drawing("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img" });
}

/** Gives a function that draws a frame's series into an SVG and returns the highest value, null if there is none. */
function plotting(svg) {
    const area = drawing("path", { class: "area" });
    const lines = [drawing("path", { class: "line" }), drawing("path", { class: "line second" })];
    const cursor = drawing("path", { class: "cursor" });
    svg.append(area, ...lines, cursor);
    return (frame, values, fixedHighest) => {
        const known = frame.samples.flatMap(values).filter(Number.isFinite);
        const highest = fixedHighest ?? (known.length > 0 ? Math.max(...known) : null);
        const place = (sample, value) => [
            (sample.time - frame.start) / frame.seconds * width, height - 1 - (highest > 0 ? value / highest : 0) * (height - 4),
        ];
        lines.forEach((line, series) => {
            const runs = unbroken(frame, (sample) => values(sample)[series]).map((run) => run.map(([sample, value]) =>
                place(sample, value)));
            setAttribute(line, "d", runs.map(path).join(""));
            if (series === 0) setAttribute(area, "d", runs.map(closed).join(""));
        });
        setAttribute(cursor, "d", frame.pointed ? `M${place(frame.pointed, 0)[0].toFixed(1)} 0V${height}` : "");
        return highest;
    };
}

/** Samples with their values, in runs that nothing interrupts: no line crosses a time without service. */
function unbroken(frame, valueOf) {
    const runs = [];
    let last = -Infinity;
    for (const sample of frame.samples) {
        const value = valueOf(sample);
        if (!Number.isFinite(value)) continue;
        if (sample.time - last > frame.gap) runs.push([]);
        runs.at(-1).push([sample, value]);
        last = sample.time;
    }
    return runs;
}

/** One sample alone is a dot of its line's width. */
function path(points) {
    const text = points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
    return points.length === 1 ? `M${text}h1` : `M${text}`;
}

function closed(points) {
    return `${path(points)}L${points.at(-1)[0].toFixed(1)} ${height}L${points[0][0].toFixed(1)} ${height}Z`;
}
