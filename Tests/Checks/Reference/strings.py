# SPDX-License-Identifier: MIT
"""Texts whose tokenisation is kept as golden: ordinary, odd and hostile ones."""

WORDS = """hello|Hello|HELLO| hello|  hello|hello |hello  |Hello, world!|Once upon a time|once upon a time| Once|Mia's kite
the fox's den|I'm|I'M|you're|YOU'RE|we've|they'll|he'd|don't|can't|it's|'s|'S|'tis|'ll be|rock'n'roll|o'clock|''|'
a|b|Z| |  |   |0|1|12|123|1234|12345|1234567890|3.14159|1,000,000|0x1F|1e-5|v2.0.1|2026-01-31|12:34:56|50%|$9.99|#1|x1y2z3|abc123def
!|!!|?!|...|…|---|--flag|a-b|a_b|snake_case_name|camelCaseName|foo.bar()|foo(bar, baz)|x = y + 1;|if (a < b) { return a; }
for i in range(10):|let x: Int = 5|#include <stdio.h>|SELECT * FROM t WHERE a = 'b';|https://example.org/a?b=c&d=e#f|user@example.org
/usr/local/bin|C:\\Users\\tom|a&&b||c|<tag attr="v">text</tag>|{"key": [1, 2, 3]}|"quoted"|“curly”|‘single’|«guillemets»|(a)(b)|[x][y]|@@@|^~`|\\
naïve café|Ärger über Öl|señor año|français ça va|Łódź|čeština|Ελλάδα|Привет, мир|Москва 2024|שלום עולם|مرحبا بالعالم|नमस्ते दुनिया|ไทย|한국어|안녕하세요
你好，世界|日本語テキスト|ひらがなとカタカナ|漢字123|ﬁ ligature|Ⅷ|½ cup|x² + y³|٣٤٥|１２３|ＡＢＣ|e\u0301|é|ß ẞ|İstanbul|ǅ|ªº|Ωmega
😀|😀😀| 😀|👍🏽|👨‍👩‍👧‍👦|🇩🇪|🏳️‍🌈|❤️|♥|→ ← ↑|∑∫√|€5|£10|¥|₿|©®™|§ 5|°C|†‡|•|№
User: hello|Assistant: |System: You tell short stories.|Tell me a story about Mia and a lost kite.|said the owl.|"I lost my red kite," said Mia."""

LAYOUT = [
    "", "\n", "\n\n", "\n\n\n", "\r\n", "\r", "\t", "\t\t", " \n", "\n ", " \n ", "  \n  ", "a\nb", "a\n\nb", "a\r\nb", "a \n b",
    "a  b", "a   b", "a    b", "  a", "a\tb", "a \t b", "\ta", "line one\nline two\n", "end.\n", "end.\n\n", "end!\n\nStart",
    "def f(x):\n    return x + 1\n", "{\n\t\"a\": 1\n}\n", "a\u00a0b", "\u00a0", "a\u2003b", "a\u200bb", "\u200b", "a\u2028b", "a\u3000b",
    "\ufeffbom", "a\u0085b", "\u00ad", "\x00", "a\x00b", "\x01\x02\x7f", "\x1b[31mred\x1b[0m", "\ufffd", "\U0010ffff", "\U0001d54f",
    "a" * 50, "ab" * 40, " " * 40, "\n" * 20, "!" * 30, "1" * 31, "é" * 20, "😀" * 8, "'" * 9, "x " * 20, ". " * 10,
    "Mia was a brave girl. She lived in a small village by the sea.\nOne windy day the kite was gone.",
    "\"Where is my kite?\" cried Mia.\n\"Under the old boat,\" said the owl.",
    "The quick brown fox jumps over the lazy dog", "THE QUICK BROWN FOX", "antidisestablishmentarianism", "Zoë's naïve façade",
    "tHe QuIcK", "mixed 漢字 and English 😀 with 123 numbers", "no\u0301rmalisation is not applied", "trailing spaces   ", "   leading spaces",
    "tabs\tand  double  spaces\nand\r\nlines", "e.g. i.e. etc.", "1st 2nd 3rd", "A.B.C.", "U.S.A.'s", "(she'd've)",
]

PLAIN = list(dict.fromkeys([w for line in WORDS.split("\n") for w in line.split("|")] + LAYOUT))

WITH_SPECIALS = [
    "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|begin_of_text|>Once upon a time", "the end.<|end_of_text|>",
    "<|eot_id|><|eot_id|>", "a<|eot_id|>b", "a <|eot_id|> b", " <|eot_id|>", "<|eot_id|>\n", "<|eot_id", "<|eot_id|", "<|other|>",
    "User: hello<|eot_id|>Assistant: ", "<|begin_of_text|>System: You tell short stories.<|eot_id|>User: Tell me a story.<|eot_id|>Assistant: ",
    "<<|eot_id|>>", "<|begin_of_text|><|begin_of_text|>",
]
