# SPDX-License-Identifier: MIT
"""Whether lm-evaluation-harness found what this model does on its own kind of stories."""
import json
import pathlib
import sys

import lm_eval

(path,) = pathlib.Path(sys.argv[1]).rglob("results_*.json")
results = json.loads(path.read_text())["results"]
accuracy = results["bitnet_endings"]["acc,none"]
perplexity = results["bitnet_stories"]["byte_perplexity,none"]
print(f"lm-evaluation-harness {lm_eval.__version__}: right endings {accuracy:.3f}, byte perplexity {perplexity:.4f}")
# By chance a quarter is right; the model's figure on held-out stories is 1.06 a byte.
assert accuracy >= 0.9, accuracy
assert 1.02 < perplexity < 1.12, perplexity
