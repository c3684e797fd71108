// SPDX-License-Identifier: MIT
// Server-sent events of a response that was fetched: EventSource cannot send a key.

/** Cuts a stream of text into events (HTML standard, 9.2.6), however it comes in pieces. */
export class EventReader {
    #rest = "";
    #data = [];
    #id = null;

    /** The events that a piece completes, as `{id, data}`. */
    feed(text) {
        const lines = (this.#rest + text).split("\n");
        this.#rest = lines.pop();
        const events = [];
        for (const line of lines) {
            const event = this.#take(line.endsWith("\r") ? line.slice(0, -1) : line);
            if (event) events.push(event);
        }
        return events;
    }

    #take(line) {
        if (line === "") return this.#end();
        const colon = line.indexOf(":");
        const name = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (name === "data") this.#data.push(value);
        if (name === "id") this.#id = value;
        return null;
    }

    #end() {
        const event = this.#data.length > 0 ? { id: this.#id, data: this.#data.join("\n") } : null;
        this.#data = [];
        this.#id = null;
        return event;
    }
}

/** The events of a response, as they come. */
export async function* eventsOf(response) {
    const pieces = response.body.getReader();
    const text = new TextDecoder();
    const reader = new EventReader();
    try {
        while (true) {
            const { done, value } = await pieces.read();
            if (done) return;
            yield* reader.feed(text.decode(value, { stream: true }));
        }
    } finally {
        pieces.cancel().catch(() => {});
    }
}
