// SPDX-License-Identifier: MIT
// What is asked before something is done: whether it is meant, and the operator's key.

import { element, part, setText } from "./elements.js";

/** What the buttons do, in words: what is asked, what comes of it, and how it is called. */
export const questions = {
    drainWorker: (worker) => ({
        title: `Drain ${worker}?`, go: `Drain ${worker}`,
        text: [
            `The layers of ${worker} move to other workers, while requests wait and then go on where they stood. It gets `
                + "none again until it is resumed.",
            "If nobody else has room for them, it keeps them, and the events say so.",
        ],
    }),
    resumeWorker: (worker) => ({
        title: `Resume ${worker}?`, go: `Resume ${worker}`,
        text: [`${worker} may have layers again. Nothing moves until a loss, or until the layers are divided anew.`],
    }),
    replan: () => ({
        title: "Divide all layers anew?", go: "Divide anew",
        text: [
            "All layers are divided among all workers that are there and not drained. Requests wait while layers move, "
                + "and go on where they stood.",
        ],
    }),
    drain: () => ({
        title: "Drain the whole service?", go: "Drain the service",
        text: [
            "No further requests are taken: they are answered with status 503, so that a load balancer goes elsewhere. "
                + "Those that run are finished. Then the coordinator may be stopped.",
        ],
    }),
    resume: () => ({ title: "Take requests again?", go: "Take requests", text: ["The service takes requests again."] }),
};

/** Asks for the key alone. */
export const keyQuestion = {
    title: "The operator's key", go: "Use this key", text: ["This coordinator shows itself to those who have its key."],
};

/** The one dialog of the page. */
export class Confirmation {
    #dialog = part("confirm");
    #field = part("confirm-key-field");
    #coordinator;
    #act = null;

    constructor(coordinator) {
        this.#coordinator = coordinator;
        part("confirm-cancel").addEventListener("click", () => this.#dialog.close());
        part("confirm-form").addEventListener("submit", (event) => {
            event.preventDefault();
            this.#go();
        });
        // What was typed is nobody's business any more.
        this.#dialog.addEventListener("close", () => { this.#field.value = ""; });
    }

    /**
     * Asks, and acts once it is said to be meant; the dialog stays open with what is wrong until it has succeeded.
     *
     * @param wantsKey whether the key is to be given.
     */
    ask(question, wantsKey, act) {
        this.#act = act;
        setText(part("confirm-title"), question.title);
        setText(part("confirm-go"), question.go);
        part("confirm-text").replaceChildren(...question.text.map((text) => element("p", {}, text)));
        this.#wantKey(wantsKey);
        this.#complain(null);
        if (!this.#dialog.open) this.#dialog.showModal();
        (wantsKey ? this.#field : part("confirm-cancel")).focus();
    }

    get isOpen() { return this.#dialog.open; }

    #wantKey(isWanted) {
        part("confirm-key").hidden = !isWanted;
        this.#field.required = isWanted;
    }

    #complain(text) {
        setText(part("confirm-problem"), text ?? "");
        part("confirm-problem").hidden = text === null;
    }

    #takeKey() {
        const key = this.#field.value.trim();
        // Others cannot stand in a field of a request.
        if (!/^[\x21-\x7e]+$/.test(key)) return false;
        this.#coordinator.useKey(key);
        return true;
    }

    async #go() {
        if (!part("confirm-key").hidden && !this.#takeKey()) {
            return this.#complain("A key has letters, digits and signs, without spaces.");
        }
        const button = part("confirm-go");
        button.disabled = true;
        try {
            await this.#act();
            this.#dialog.close();
        } catch (failure) {
            if (failure.wantsKey) this.#wantKey(true);
            this.#complain(`${failure.message}.`);
        } finally {
            button.disabled = false;
        }
    }
}
