# SPDX-License-Identifier: MIT
"""Texts that tokenizers disagree about: many scripts, odd whitespace, emoji, code, runs, nonsense. Seeded."""

import random
import unicodedata

WORDS = {
    "latin": "the owl kite boat Mia was lost windy village said hello World answer running nation THE USA iPhone camelCase naïve façade "
    "Ärger Öl straße señor français Łódź čeština İstanbul ǅungla ﬁne ªº ſharp Iſland Quizzify Zyzzyva xylograph",
    "greek": "Ελλάδα λόγος ΣΊΣΥΦΟΣ άνθρωπος ὕδωρ", "cyrillic": "Привет мир Москва её объект Ђорђе", "georgian": "საქართველო ᲡᲐᲥ გამარჯობა",
    "armenian": "Հայաստան բարեւ", "hebrew": "שלום עולם מַיִם", "arabic": "مرحبا بالعالم ٱلسَّلَامُ كتاب", "syriac": "ܫܠܡܐ", "thaana": "ދިވެހި",
    "devanagari": "नमस्ते दुनिया क्षत्रिय हिन्दी", "bengali": "বাংলা ভাষা", "tamil": "தமிழ் வணக்கம்", "telugu": "తెలుగు", "sinhala": "සිංහල",
    "thai": "ภาษาไทย สวัสดี น้ำ", "lao": "ສະບາຍດີ", "tibetan": "བོད་སྐད", "burmese": "မြန်မာ", "khmer": "ភាសាខ្មែរ", "ethiopic": "አማርኛ ሰላም",
    "cherokee": "ᏣᎳᎩ ꭰꭱ", "mongolian": "ᠮᠣᠩᠭᠣᠯ", "han": "你好 世界 漢字 𠀀𠮷 图书馆", "kana": "ひらがな カタカナ ﾊﾝｶｸ ー々〆", "hangul": "한국어 안녕 각 ᄀᆞ",
    "gothic": "𐌲𐌿𐍄", "deseret": "𐐔𐐯𐑅 𐐲", "maths": "𝐱𝟏𝔘 ℝ∑∫√∞ ≤≠ ℵ₀", "vai": "ꕙꔤ", "adlam": "𞤀𞤣𞤤𞤢𞤥 𞥐𞥑", "tangut": "𗀀𘠀", "new": "𞤐 𐵐 𖺠 𑽐 🫩 𞗐",
}
DIGITS = ["0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵", "०१२३४५", "০১২৩", "๐๑๒๓", "０１２３４５", "𝟎𝟏𝟐", "①②③⑩", "ⅠⅡⅢⅧⅿ", "½¼⅓⅔", "²³¹⁴₅", "〇一二三", "𐄇𐄈", "𑁒𑁓"]
SPACES = [" ", "  ", "   ", "\t", "\t\t", " \t", "\r", "\r\n", "\n", "\n\n", " \n", "\n ", "\v", "\f", "\x85", "\xa0", "\u1680", "\u2000", "\u2003", "\u2009",
          "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u180e", "\x1c", "\x1f"]
MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡¿§¶«»“”‘’„…–—―•·†‡‰€£¥₿©®™°±×÷←→↑⇒∀✓★♥、。「」【】！？：；،؟؛।॥־׳՞᠀⸺〜・￥￠｟𐄀"
EMOJI = ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "🇺🇸🇫🇷", "🏳️‍🌈", "❤️", "❤", "🧑🏿‍🚀", "1️⃣", "#️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🤷🏼‍♀️", "☺︎", "🫠", "🪿", "🫨"]
COMBINING = ["\u0301", "\u0308", "\u0327", "\u20dd", "\u0489", "\u05b0", "\u064e", "\u093c", "\u3099", "\ufe0f", "\u0e31", "\u1ab0", "\u0903"]
ENDINGS = ["s", "t", "re", "ve", "m", "ll", "d", "S", "T", "RE", "Re", "rE", "VE", "vE", "M", "LL", "Ll", "lL", "D", "\u017f", "x", "l", "r", "v", "tis", "sſ", "\u212a"]
CODE = ["def f(x):\n    return x + 1\n", "for (int i = 0; i < n; ++i) { a[i] += b[i] * 3.14f; }", "let x: Int? = nil // why", "#include <stdio.h>",
        "SELECT * FROM t WHERE a = 'b' AND c >= 10;", "https://example.org/a?b=c&d=e#f", "C:\\Users\\tom\\x.txt", "{\"key\": [1, 2, 3.5e-7], \"k\\n\": null}",
        "if\t(a && !b || c) {\r\n\treturn -1;\r\n}", "$HOME/.bashrc", "a->b::c<T&&>(d)", "x = y ** 2 % 7 // 3", "<tag attr=\"v\">text</tag>", "\\frac{1}{2}",
        "0xDEADBEEF 0b1010 1_000_000 1e-5 v2.0.1", "user@example.org", "/* ---- */", "@property\nclass A(B): pass", "`ls -la | grep ^d`", "λ x → x", "==> === != <=>"]
PRIVATE = ["\ue000", "\uf8ff", "\U000f0000", "\U0010fffd", "\ufdd0", "\ufffe", "\uffff", "\U0010ffff", "\ufffd", "\u00ad", "\x00", "\x01", "\x7f", "\x80", "\x9f"]


def word(r):
    text = r.choice(WORDS[r.choice(list(WORDS))].split())
    if r.random() < 0.1:
        text = r.choice([text.upper(), text.lower(), text.title(), unicodedata.normalize("NFD", text), unicodedata.normalize("NFKC", text)])
    return text


def number(r):
    digits = r.choice(DIGITS[:2] + DIGITS) if r.random() < 0.5 else DIGITS[0]
    text = "".join(r.choice(digits) for _ in range(r.choice([1, 1, 2, 3, 3, 4, 5, 6, 7, 10, 31])))
    return r.choice([text, text, text + r.choice(".,/-:%") + r.choice("0123456789"), "$" + text, text + word(r)])


def contraction(r):
    text = r.choice([word(r), "don", "I", "we", "you", "THEY", ""]) + r.choice(["'", "'", "'", "’", "''", " '"]) + r.choice(ENDINGS)
    return text + r.choice(["", "", "'", "ve", " x", "1"])


def run(r):
    item = r.choice([r.choice(MARKS), r.choice(SPACES), r.choice(EMOJI), r.choice("aZé한字9٣"), r.choice(COMBINING), r.choice(PRIVATE), word(r)])
    return item * r.choice([2, 3, 5, 8, 17, 40])


def scalars(r):
    result = []
    while len(result) < r.randint(1, 9):
        code = r.choice([r.randrange(0x80), r.randrange(0x3000), r.randrange(0x10000), r.randrange(0x20000), r.randrange(0x110000)])
        if not 0xD800 <= code <= 0xDFFF:
            result.append(chr(code))
    return "".join(result)


MAKERS = [(word, 30), (number, 9), (contraction, 9), (run, 5), (scalars, 3), (lambda r: r.choice(EMOJI), 4), (lambda r: word(r) + r.choice(COMBINING), 4),
          (lambda r: "".join(r.choice(MARKS) for _ in range(r.randint(1, 5))), 10), (lambda r: r.choice(CODE), 4), (lambda r: r.choice(PRIVATE), 2)]


def line(r):
    makers, weights = zip(*MAKERS)
    parts = []
    for _ in range(r.choice([1, 1, 2, 3, 5, 8, 13])):
        if r.random() < 0.75:
            parts.append(" " if r.random() < 0.7 else r.choice(SPACES))
        parts.append(r.choices(makers, weights)[0](r))
    if r.random() < 0.15:
        parts.append(r.choice(SPACES))
    return "".join(parts)


def corpus(count, seed):
    """`count` different lines; a line may hold line breaks."""
    r = random.Random(seed)
    lines = dict.fromkeys(CODE + EMOJI + SPACES + PRIVATE + [" ".join(w.split()) for w in WORDS.values()] + DIGITS)
    lines.update(dict.fromkeys("a" + s + "b" for s in SPACES))
    lines.update(dict.fromkeys("it'" + e for e in ENDINGS))
    while len(lines) < count:
        lines[line(r)] = None
    return list(lines)[:count]
