// SPDX-License-Identifier: MIT
// Figures as people read them.

const unknown = "–";

function isNumber(value) {
    return typeof value === "number" && Number.isFinite(value);
}

/** Three digits, or all of a larger number. */
export function significant(value) {
    if (!isNumber(value)) return unknown;
    const size = Math.abs(value);
    const places = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
    return grouped(value.toFixed(places));
}

export function count(value) {
    return isNumber(value) ? grouped(String(Math.round(value))) : unknown;
}

/** A narrow space between thousands, which does not break. */
function grouped(text) {
    const [whole, fraction] = text.split(".");
    const spaced = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
    return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}

/** 0...1 as per cent. */
export function share(value) {
    return isNumber(value) ? `${Math.round(value * 100)} %` : unknown;
}

export function milliseconds(value) {
    if (!isNumber(value)) return unknown;
    if (value >= 10_000) return `${significant(value / 1000)} s`;
    return value < 1 ? `${Math.round(value * 1000)} µs` : `${significant(value)} ms`;
}

function scaled(value, base, units) {
    let power = 0;
    while (value >= base && power < units.length - 1) {
        value /= base;
        power += 1;
    }
    return `${power === 0 ? count(value) : significant(value)} ${units[power]}`;
}

/** Memory and disks, in powers of 1024. */
export function bytes(value) {
    return isNumber(value) ? scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]) : unknown;
}

/** What a network carries, in powers of 1000. */
export function byteRate(value) {
    return isNumber(value) ? scaled(value, 1000, ["B/s", "kB/s", "MB/s", "GB/s"]) : unknown;
}

/** 7.3 M, 2.4 B. */
export function parameters(value) {
    return isNumber(value) && value > 0 ? scaled(value, 1000, ["", "k", "M", "B", "T"]).trim() : "";
}

/** The two largest units of a time. */
export function span(seconds) {
    if (!isNumber(seconds) || seconds < 0) return unknown;
    if (seconds < 10) return `${significant(seconds)} s`;
    const whole = Math.floor(seconds);
    const parts = [[86_400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    const first = Math.max(parts.findIndex(([size]) => whole >= size), 0);
    return parts.slice(first, first + 2)
        .map(([size, unit], index) => [Math.floor((index ? whole % parts[first][0] : whole) / size), unit])
        .filter(([number], index) => index === 0 || number > 0)
        .map(([number, unit]) => `${number} ${unit}`).join(" ");
}

/** Time of the day where the reader is, with the date if it is another day's. */
export function clock(seconds, now = Date.now() / 1000) {
    const date = new Date(seconds * 1000);
    const time = date.toLocaleTimeString("en-GB");
    const isToday = date.toDateString() === new Date(now * 1000).toDateString();
    return isToday ? time : `${date.toLocaleDateString("en-CA")} ${time}`;
}

/** A first and a last layer. */
export function layers(range) {
    if (!range || range.length < 2) return "no layers";
    return range[0] === range[1] ? `layer ${range[0]}` : `layers ${range[0]}–${range[1]}`;
}

export function plural(number, word) {
    return `${count(number)} ${word}${number === 1 ? "" : "s"}`;
}
