// SPDX-License-Identifier: MIT
// A conversation with the model, as it is written.

import { RequestFailure } from "./api.js";
import { element, part, setText } from "./elements.js";
import { count, milliseconds, significant } from "./figures.js";
import { eventsOf } from "./streams.js";

const chatPath = "v1/chat/completions";

export class Chat {
    #coordinator;
    #announce;
    #onRefused;
    #messages = [];
    /** Ends the answer that is being written. */
    #stop = null;

    /**
     * @param announce says something to a screen reader.
     * @param onRefused is told of a failure that wants a key.
     */
    constructor(coordinator, announce, onRefused) {
        this.#coordinator = coordinator;
        this.#announce = announce;
        this.#onRefused = onRefused;
        part("chat-form").addEventListener("submit", (event) => {
            event.preventDefault();
            this.#send();
        });
        part("question").addEventListener("keydown", (event) => this.#keyDown(event));
        part("chat-stop").addEventListener("click", () => this.#stop?.abort());
        part("chat-clear").addEventListener("click", () => this.#clear());
    }

    #keyDown(event) {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        part("chat-form").requestSubmit();
    }

    #clear() {
        this.#stop?.abort();
        this.#messages = [];
        part("messages").replaceChildren(part("chat-empty") ?? element("p", { class: "soft", id: "chat-empty" },
            "A new conversation."));
        part("question").focus();
    }

    async #send() {
        const question = part("question").value.trim();
        if (question === "" || this.#stop) return;
        part("question").value = "";
        part("chat-empty")?.remove();
        const messages = this.#messages;
        messages.push({ role: "user", content: question });
        part("messages").append(element("div", { class: "message user" }, question));
        const shown = new ShownAnswer(part("messages"));
        this.#write(true);
        const answer = await this.#answer(messages, shown);
        this.#write(false);
        // A conversation that was left meanwhile is not gone on with.
        if (answer) messages.push(answer);
        else messages.pop();
    }

    #write(isWriting) {
        this.#stop = isWriting ? new AbortController() : null;
        part("chat-send").hidden = isWriting;
        part("chat-stop").hidden = !isWriting;
    }

    /** What is to be remembered of an answer; null if there is nothing. */
    async #answer(messages, shown) {
        const request = {
            messages, stream: true, max_tokens: Math.max(part("length").valueAsNumber || 256, 1),
            stream_options: { include_usage: true },
        };
        try {
            const response = await this.#coordinator.open(chatPath, this.#stop.signal, request);
            for await (const event of eventsOf(response)) {
                if (event.data === "[DONE]") break;
                shown.take(JSON.parse(event.data));
            }
            shown.end();
            this.#announce(shown.problem ?? "The answer is complete.");
        } catch (failure) {
            shown.end(ending(failure));
            if (failure.wantsKey) this.#onRefused();
        }
        return shown.message;
    }
}

/** Why an answer is not whole. */
function ending(failure) {
    if (failure.name === "AbortError") return "Stopped.";
    return failure instanceof RequestFailure ? `${failure.message}.` : "The answer broke off: the coordinator is gone.";
}

/** One answer on the page. */
export class ShownAnswer {
    #box;
    #thought = element("p");
    #thinking = element("details", { class: "thought" }, element("summary", {}, "Thoughts"), this.#thought);
    #text = element("p", { class: "text" });
    #figures = element("p", { class: "soft" }, "waiting for the first token…");
    #start = performance.now();
    #firstToken = null;
    #pieceCount = 0;
    #finish = null;
    #usage = null;
    problem = null;

    constructor(box) {
        this.#box = box;
        this.#thinking.hidden = true;
        box.append(element("div", { class: "message model" }, this.#thinking, this.#text, this.#figures));
        this.#follow(true);
    }

    /** What a client sends back as history. */
    get message() {
        if (this.#pieceCount === 0) return null;
        const message = { role: "assistant", content: this.#text.textContent };
        if (this.#thought.textContent !== "") message.reasoning_content = this.#thought.textContent;
        return message;
    }

    /** Takes one chunk of the stream. */
    take(chunk) {
        if (chunk.error) this.problem = chunk.error.message;
        if (chunk.usage) this.#usage = chunk.usage;
        const choice = chunk.choices?.[0];
        if (!choice) return;
        this.#finish = choice.finish_reason ?? this.#finish;
        const { content, reasoning_content: thought } = choice.delta ?? {};
        if (!content && !thought) return;
        const follows = this.#isAtEnd;
        this.#firstToken ??= performance.now();
        this.#pieceCount += 1;
        if (thought) {
            this.#thinking.hidden = false;
            this.#thought.append(thought);
        }
        if (content) this.#text.append(content);
        setText(this.#figures, this.#speed());
        this.#follow(follows);
    }

    /** No more comes, for a reason if it should have. */
    end(problem = this.problem) {
        const follows = this.#isAtEnd;
        this.problem = problem;
        const ending = this.#finish === "length" ? "cut off at its length" : null;
        setText(this.#figures, [this.#pieceCount > 0 ? this.#speed() : null, ending].filter(Boolean).join(" · "));
        if (problem) this.#figures.after(element("p", { class: "problem" }, problem));
        this.#follow(follows);
    }

    #speed() {
        const tokens = this.#usage?.completion_tokens ?? this.#pieceCount;
        const seconds = (performance.now() - this.#firstToken) / 1000;
        const rate = tokens > 1 && seconds > 0.05 ? `${significant((tokens - 1) / seconds)} tok/s` : null;
        return [
            `${count(tokens)} tokens`, rate, `first after ${milliseconds(this.#firstToken - this.#start)}`,
        ].filter(Boolean).join(" · ");
    }

    /** Whoever has scrolled up is reading there. */
    get #isAtEnd() { return this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight < 40; }

    #follow(isWanted) {
        if (isWanted) this.#box.scrollTop = this.#box.scrollHeight;
    }
}
