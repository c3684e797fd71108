# SPDX-License-Identifier: MIT
"""Measures how fast llama.cpp runs a model on this machine's CPU.

Three figures, each the median of several runs: one sequence decoded token by
token, a prompt of 512 tokens read in one batch, and eight sequences decoded
together, one token of each in a batch. As in llama.cpp's own benchmark the
tokens are drawn beforehand: logits are computed, sampling is not part of the
time.

    python3 llama_cpp.py MODEL [--threads 2] [--runs 3] [--json]
"""

import argparse
import ctypes
import json
import random
import statistics
import sys
import time
from pathlib import Path

# This script's name is also the package's; without its directory on the path the package is found.
sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]

import numpy as np  # noqa: E402

import llama_cpp.llama_cpp as llama  # noqa: E402
from llama_cpp import __version__  # noqa: E402

PREFILL_TOKENS = 512
DECODE_PROMPT = 64
DECODE_TOKENS = 64
BATCH_STEPS = 32
SEQUENCES = 8
SEQUENCE_TOKENS = 512  # room for each sequence in the KV cache

FLASH_ATTENTION = {"auto": -1, "off": 0, "on": 1}


@llama.llama_log_callback
def quiet(level, text, user_data):
    pass


class Model:
    def __init__(self, path):
        parameters = llama.llama_model_default_params()
        parameters.n_gpu_layers = 0
        parameters.use_mmap = True
        self.handle = llama.llama_model_load_from_file(str(path).encode(), parameters)
        if not self.handle:
            sys.exit(f"{path}: llama.cpp cannot load this model")
        self.vocabulary = llama.llama_model_get_vocab(self.handle)
        self.vocabulary_size = llama.llama_vocab_n_tokens(self.vocabulary)

    def description(self):
        text = ctypes.create_string_buffer(256)
        llama.llama_model_desc(self.handle, text, len(text))
        return text.value.decode()

    def tokens(self, text):
        data = text.encode()
        found = (llama.llama_token * (len(data) + 8))()
        count = llama.llama_tokenize(self.vocabulary, data, len(data), found, len(found), True, False)
        return list(found[:count])


class Context:
    """A KV cache for some sequences, and a batch to fill."""

    def __init__(self, model, sequences, options):
        parameters = llama.llama_context_default_params()
        parameters.n_ctx = max(sequences * SEQUENCE_TOKENS, 2 * PREFILL_TOKENS)
        parameters.n_batch = parameters.n_ubatch = PREFILL_TOKENS
        parameters.n_seq_max = sequences
        parameters.n_threads = parameters.n_threads_batch = options.threads
        parameters.flash_attn_type = FLASH_ATTENTION[options.flash_attention]
        self.handle = llama.llama_init_from_model(model.handle, parameters)
        if not self.handle:
            sys.exit("llama.cpp cannot make a context for this model")
        self.vocabulary_size = model.vocabulary_size
        self.batch = llama.llama_batch_init(PREFILL_TOKENS, 0, 1)

    def close(self):
        llama.llama_batch_free(self.batch)
        llama.llama_free(self.handle)

    def clear(self):
        llama.llama_memory_clear(llama.llama_get_memory(self.handle), True)

    def cut(self, sequence, length):
        """Forgets what a sequence holds past its first `length` tokens."""
        if not llama.llama_memory_seq_rm(llama.llama_get_memory(self.handle), sequence, length, -1):
            sys.exit("llama.cpp cannot take tokens back")

    def decode(self, entries):
        """Runs one batch of (token, position, sequence, wants logits) and waits for it."""
        batch = self.batch
        batch.n_tokens = len(entries)
        for index, (token, position, sequence, wants_logits) in enumerate(entries):
            batch.token[index] = token
            batch.pos[index] = position
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = sequence
            batch.logits[index] = wants_logits
        status = llama.llama_decode(self.handle, batch)
        if status != 0:
            sys.exit(f"llama_decode returned {status}")
        llama.llama_synchronize(self.handle)

    def prefill(self, tokens, sequence=0):
        last = len(tokens) - 1
        self.decode([(token, i, sequence, i == last) for i, token in enumerate(tokens)])

    def best_token(self):
        """The most probable token after the last of the batch."""
        logits = llama.llama_get_logits_ith(self.handle, -1)
        return int(np.ctypeslib.as_array(logits, (self.vocabulary_size,)).argmax())


def timed(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def median_rate(tokens, run, runs):
    """Tokens per second in the median of some runs."""
    return tokens / statistics.median(run() for _ in range(runs))


def draw(model, count):
    return [random.randrange(256, min(model.vocabulary_size, 100_000)) for _ in range(count)]


def measure_decode(model, context, sequences, steps, runs):
    """Aggregate rate of `sequences` that each get one token in every batch, after a prompt each.

    The prompts are read once, outside the time; a run's own tokens are taken back after it."""
    context.clear()
    for sequence in range(sequences):
        context.prefill(draw(model, DECODE_PROMPT), sequence)

    def run():
        batches = [[(token, DECODE_PROMPT + step, sequence, True)
                    for sequence, token in enumerate(draw(model, sequences))] for step in range(steps)]
        seconds = timed(lambda: [context.decode(batch) for batch in batches])
        for sequence in range(sequences):
            context.cut(sequence, DECODE_PROMPT)
        return seconds

    return median_rate(sequences * steps, run, runs)


def measure_prefill(model, context, runs):
    def run():
        context.clear()
        tokens = draw(model, PREFILL_TOKENS)
        return timed(lambda: context.prefill(tokens))

    return median_rate(PREFILL_TOKENS, run, runs)


def measure(model, options):
    # The prompt before the first timed run brings the weights into memory and starts the threads.
    single = Context(model, 1, options)
    decode = measure_decode(model, single, 1, DECODE_TOKENS, options.runs)
    prefill = measure_prefill(model, single, options.runs)
    single.close()
    together = Context(model, SEQUENCES, options)
    batch8 = measure_decode(model, together, SEQUENCES, BATCH_STEPS, options.runs)
    together.close()
    return {"decode_tokens_per_second": decode, "prefill_tokens_per_second": prefill,
            "batch8_tokens_per_second": batch8}


def memory():
    """Resident bytes: all, and what is not a mapped file."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    kibibytes = {key: int(value.split()[0]) for key, value in fields.items() if key.startswith("Rss") or key == "VmRSS"}
    return {"resident_bytes": kibibytes["VmRSS"] * 1024,
            "resident_anonymous_bytes": kibibytes["RssAnon"] * 1024}


def continue_greedily(model, prompt, count, options):
    """Token ids of the most probable continuation, to compare with another program's."""
    context = Context(model, 1, options)
    tokens = model.tokens(prompt)
    prompt_length = len(tokens)
    context.prefill(tokens)
    while len(tokens) - prompt_length < count:
        tokens.append(context.best_token())
        context.decode([(tokens[-1], len(tokens) - 1, 0, True)])
    context.close()
    return {"prompt_tokens": tokens[:prompt_length], "tokens": tokens[prompt_length:]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3, help="runs of each figure")
    parser.add_argument("--flash-attention", choices=FLASH_ATTENTION, default="auto",
                        help="auto is llama.cpp's default, which turns it on where the backend can")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--greedy", metavar="PROMPT", help="print the ids of the continuation, measure nothing")
    parser.add_argument("-n", type=int, default=16, help="tokens of --greedy")
    options = parser.parse_args()

    random.seed(1)
    llama.llama_log_set(quiet, ctypes.c_void_p())
    llama.llama_backend_init()
    model = Model(options.model)
    if options.greedy is not None:
        print(json.dumps(continue_greedily(model, options.greedy, options.n, options)))
        return

    figures = measure(model, options) | memory()
    about = {
        "library": "llama-cpp-python", "version": __version__, "model": model.description(),
        "threads": options.threads, "runs": options.runs, "flash_attention": options.flash_attention,
        "cache_type": "f16", "system": llama.llama_print_system_info().decode().strip(),
    }
    if options.json:
        print(json.dumps(about | figures))
        return
    print(f"llama-cpp-python {__version__}, {about['model']}, {options.threads} threads, "
          f"flash attention {options.flash_attention}, KV cache f16")
    print(f"decode, 1 sequence     {figures['decode_tokens_per_second']:8.2f} tokens/s")
    print(f"prefill, {PREFILL_TOKENS} tokens    {figures['prefill_tokens_per_second']:8.2f} tokens/s")
    print(f"decode, {SEQUENCES} sequences    {figures['batch8_tokens_per_second']:8.2f} tokens/s in all")
    print(f"resident               {figures['resident_bytes'] / 1e6:8.0f} MB, "
          f"of which not mapped {figures['resident_anonymous_bytes'] / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
