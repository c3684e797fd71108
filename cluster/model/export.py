# SPDX-License-Identifier: MIT
"""Writes a checkpoint as stories.gguf: ternary matrices as TQ1_0, embedding F16, norms F32.

    python3 export.py --checkpoint model.pt --tokenizer tokenizer.json --out stories.gguf
"""

import argparse
import os

import gguf
import numpy as np
import torch
from tokenizers import Tokenizer

from container import ARCHITECTURE, add_shape, add_tokenizer, tq1_0
from network import Shape, absmean


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", default="model.pt")
    parser.add_argument("--tokenizer", default="tokenizer.json")
    parser.add_argument("--out", default="stories.gguf")
    options = parser.parse_args()

    checkpoint = torch.load(options.checkpoint, map_location="cpu")
    shape = Shape(**checkpoint["shape"])

    writer = gguf.GGUFWriter(options.out + ".part", ARCHITECTURE)
    writer.add_name("stories")
    writer.add_description("A small BitNet b1.58 network that tells little stories, trained on generated text.")
    writer.add_license("MIT")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_TQ1_0)
    writer.add_quantization_version(2)
    add_shape(writer, shape)
    add_tokenizer(writer, Tokenizer.from_file(options.tokenizer))

    zeros = total = 0
    for name, tensor in checkpoint["model"].items():
        if name.startswith("blk.") and tensor.ndim == 2:
            trits, scale = absmean(tensor)
            zeros, total = zeros + int((trits == 0).sum()), total + trits.numel()
            writer.add_tensor(name, tq1_0(trits.numpy().astype(np.int8), scale.item()),
                              raw_dtype=gguf.GGMLQuantizationType.TQ1_0)
        elif tensor.ndim == 2:
            writer.add_tensor(name, tensor.numpy().astype(np.float16))
        else:
            writer.add_tensor(name, tensor.numpy().astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(options.out + ".part", options.out)
    print(f"{os.path.getsize(options.out)} bytes, {100 * zeros / total:.1f} % of {total} trits are zero")


if __name__ == "__main__":
    main()
