// SPDX-License-Identifier: MIT
// What is asked of the coordinator, with the operator's key if it wants one.

const keyName = "bitnet-coord operator key";
const answerTimeout = 10_000;

/** Why there is no answer. `status` is 0 if there was none at all. */
export class RequestFailure extends Error {
    constructor(message, status) {
        super(message);
        this.status = status;
    }

    get wantsKey() { return this.status === 401; }
    get isUnreachable() { return this.status === 0; }
}

export class Coordinator {
    #key = storedKey();

    get hasKey() { return this.#key !== null; }

    /** Keeps a key until the tab is closed; null forgets it. */
    useKey(key) {
        this.#key = key;
        try {
            if (key === null) sessionStorage.removeItem(keyName);
            else sessionStorage.setItem(keyName, key);
        } catch {
            // Without storage it is kept as long as the page is.
        }
    }

    async get(path) { return this.#document("GET", path); }
    async post(path) { return this.#document("POST", path); }
    async delete(path) { return this.#document("DELETE", path); }

    /** A response whose body is a stream, until `signal` ends it. */
    async open(path, signal, body = null) {
        return this.#send(body === null ? "GET" : "POST", path, signal, body);
    }

    async #document(method, path) {
        const response = await this.#send(method, path, AbortSignal.timeout(answerTimeout));
        try {
            return await response.json();
        } catch {
            throw new RequestFailure("the coordinator broke off its answer", 0);
        }
    }

    async #send(method, path, signal, body = null) {
        const response = await this.#fetch(method, path, signal, body);
        if (response.ok) return response;
        throw new RequestFailure(await reason(response), response.status);
    }

    async #fetch(method, path, signal, body) {
        const headers = {};
        if (this.#key !== null) headers.Authorization = `Bearer ${this.#key}`;
        if (body !== null) headers["Content-Type"] = "application/json";
        const text = body === null ? undefined : JSON.stringify(body);
        try {
            return await fetch(path, { method, headers, body: text, signal, cache: "no-store", redirect: "error" });
        } catch (error) {
            if (error.name === "AbortError") throw error;
            throw new RequestFailure("the coordinator does not answer", 0);
        }
    }
}

/** What an answer says is wrong. */
async function reason(response) {
    try {
        const document = await response.json();
        return document.error?.message ?? document.reason ?? `status ${response.status}`;
    } catch {
        return `status ${response.status}`;
    }
}

function storedKey() {
    try {
        return sessionStorage.getItem(keyName);
    } catch {
        return null;
    }
}
