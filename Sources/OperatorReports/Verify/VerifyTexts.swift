// SPDX-License-Identifier: MIT

/// What a cluster is checked with unless other texts are given.
package enum VerifyTexts {
    package static let prompts = [
        "Once upon a time", "The capital of France is", "1, 2, 3, 4,", "def fibonacci(n):\n",
        "Dear Sir or Madam,\n\n", "Der Hund lief über die Straße und",
    ]

    package static let text = """
        The old bridge at the end of the village had been closed for three winters. Every morning the baker walked down \
        to the river, looked at the broken planks, and walked back again. One day a girl asked him why he did that. \
        "When I was as small as you," he said, "my mother lived on the other side. I am waiting for somebody to build \
        it anew." The girl thought about this for a while. Then she went home, took her father's saw and a bag of \
        nails, and told all of her friends. By the evening forty people stood at the river with ropes and boards. They \
        worked for two days, and on the third the baker crossed the bridge with a basket of warm bread.
        """
}
