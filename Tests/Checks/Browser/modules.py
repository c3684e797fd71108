# SPDX-License-Identifier: MIT
"""The page's modules by themselves: streams cut anywhere, thoughts, figures, and what documents mean."""

READER = """
    const { EventReader } = await import("/page/streams.js");
    const text = ': a comment\\r\\n\\nid: 7\\ndata: {"a":1}\\n\\ndata:two\\ndata: lines\\nother: x\\n\\r\\nid: 8\\n\\ndata: cut off\\n';
    const read = (pieces) => {
        const reader = new EventReader();
        return JSON.stringify(pieces.flatMap((piece) => reader.feed(piece)));
    };
    const whole = read([text]);
    for (let cut = 0; cut <= text.length; cut += 1) {
        const parts = read([text.slice(0, cut), text.slice(cut)]);
        if (parts !== whole) return `cut at ${cut}: ${parts}`;
    }
    const single = read([...text]);
    return single === whole ? whole : `one by one: ${single}`;
"""

THOUGHTS = """
    const { ShownAnswer } = await import("/page/chat.js");
    const box = document.createElement("div");
    document.body.append(box);
    const shown = new ShownAnswer(box);
    const say = (delta) => shown.take({ choices: [{ delta }] });
    say({ role: "assistant" });
    say({ reasoning_content: "Is it <b>so</b>? " });
    say({ reasoning_content: "It is." });
    say({ content: "Yes" });
    say({ content: "." });
    shown.take({ choices: [{ delta: {}, finish_reason: "length" }] });
    shown.take({ choices: [], usage: { completion_tokens: 9 } });
    shown.take({ error: { message: "the cluster is gone" } });
    shown.end();
    const thought = box.querySelector("details");
    const found = [thought.open, thought.hidden, thought.querySelector("p").textContent, box.querySelector(".text").textContent,
        box.querySelectorAll("b").length, box.querySelector(".problem").textContent, shown.message,
        box.querySelector(".soft").textContent.startsWith("9 tokens"),
        box.querySelector(".soft").textContent.endsWith("cut off at its length")];
    box.remove();
    return found;
"""

FIGURES = """
    const figures = await import("/page/figures.js");
    return [figures.significant(0), figures.significant(1234.5), figures.significant(0.12345), figures.significant(null),
        figures.share(0.999), figures.share(undefined), figures.milliseconds(0.0394), figures.milliseconds(12345),
        figures.bytes(1023), figures.bytes(1024), figures.bytes(Infinity), figures.byteRate(1.5e6), figures.parameters(7321344),
        figures.parameters(0), figures.span(0.014), figures.span(59), figures.span(61), figures.span(3600), figures.span(90061),
        figures.span(-1), figures.layers([3, 3]), figures.layers([0, 2]), figures.layers([]), figures.plural(1, "worker")];
"""
SHOWN = ["0", "1\u202f235", "0.123", "–", "100 %", "–", "39 µs", "12.3 s", "1\u202f023 B", "1.00 KiB", "–", "1.50 MB/s", "7.32 M",
         "", "0.014 s", "59 s", "1 min 1 s", "1 h", "1 d 1 h", "–", "layer 3", "layers 0–2", "no layers", "1 worker"]

MEANINGS = """
    const { reserve, trouble, aftermath, separate, census } = await import("/page/cluster.js");
    const failure = { time: 990, worker: "b", message: "worker b was lost: no heartbeat for 3.0 s. Restart it.", lost_sequence_count: 2 };
    const status = { state: "serving", time: 1000, reasons: [], hints: [], failures: [failure],
        stages: [{ worker: "a", state: "serving", layers: [0, 8], index: 0 }] };
    const kinds = (change) => reserve({ ...status, ...change }).map((machine) => `${machine.worker} ${machine.kind}`).join();
    return [
        kinds({}), kinds({ time: 1049 }), kinds({ time: 1051 }),
        kinds({ spares: [{ worker: "b", reason: "refused" }, { worker: "c", reason: "no room" }] }),
        kinds({ spares: [{ worker: "b", layers: [0, 3] }, { worker: "a", layers: [0, 1] }] }),
        kinds({ spares: [{ worker: "b", reason: "it is drained", is_drained: true }] }),
        trouble(status, null).title, trouble({ ...status, failures: [] }, null), trouble(null, null),
        trouble(status, { isUnreachable: true }).level, separate(failure.message).remedy,
        separate("nothing to be done (3.0 s)").remedy, aftermath({ ...failure, worker: "a" }, status).isOver,
        aftermath(failure, { ...status, spares: [{ worker: "b", layers: [0, 3] }] }).isOver, aftermath(failure, status).isOver,
        census({ ...status, spares: [{ worker: "d", layers: [0, 3] }, { worker: "c", is_drained: true }] }),
    ];
"""
MEANT = ["b lost", "b lost", "", "b lost,c absent", "b spare", "b drained", "The cluster serves without b", None, None, "bad",
         "Restart it.", None, True, True, False, "1 serving, 1 lost, 1 drained, 1 standing by"]


def check(page):
    events = page.run_module(READER)
    assert events == '[{"id":"7","data":"{\\"a\\":1}"},{"id":null,"data":"two\\nlines"}]', events
    answer = page.run_module(THOUGHTS)
    assert answer == [
        False, False, "Is it <b>so</b>? It is.", "Yes.", 0, "the cluster is gone",
        {"role": "assistant", "content": "Yes.", "reasoning_content": "Is it <b>so</b>? It is."}, True, True], answer
    for script, expected in ((FIGURES, SHOWN), (MEANINGS, MEANT)):
        found = page.run_module(script)
        wrong = [pair for pair in zip(found, expected) if pair[0] != pair[1]]
        assert not wrong and len(found) == len(expected), wrong
