"""Text statistics and the hashed embedding in plain Python, word by word."""

import math
import re

_PUNCTUATION = set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def naive_text(text: str | None, dimensions: int) -> list[float]:
    """Six statistics, then the embedding at unit length."""
    text = text or ""
    words = [lower(word) for word in re.findall("[a-zA-Z0-9\u0080-\U0010ffff]+", text)]
    total = max(len(text), 1)
    statistics = [
        math.log1p(len(text)),
        math.log1p(len(words)),
        sum("A" <= c <= "Z" for c in text) / total,
        sum("0" <= c <= "9" for c in text) / total,
        sum(c in _PUNCTUATION for c in text) / total,
        float(links(text)),
    ]
    return statistics + naive_embedding(words, dimensions)


def links(text: str) -> int:
    """Words that start like a link: `http` or `www.`, in any case."""
    found = re.findall(r"(?<![a-z0-9\u0080-\U0010ffff])(?:http|www\.)", lower(text))
    return len(found)


def naive_embedding(words: list[str], dimensions: int) -> list[float]:
    """Signed hashing (Weinberger et al. 2009) of 64-bit FNV-1a."""
    if dimensions == 0:
        return []
    parts = [0.0] * dimensions
    for word in words:
        hashed = fnv1a(word.encode())
        parts[(hashed >> 20) % dimensions] += 1.0 if hashed >> 63 else -1.0
    norm = math.sqrt(sum(part * part for part in parts))
    return [part / norm if norm else part for part in parts]


def fnv1a(data: bytes) -> int:
    """FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ ."""
    hashed = 0xCBF29CE484222325
    for byte in data:
        hashed = (hashed ^ byte) * 0x100000001B3 % 2**64
    return hashed


def lower(text: str) -> str:
    """Lower case of A to Z alone."""
    return "".join(c.lower() if "A" <= c <= "Z" else c for c in text)


def naive_fingerprint(text: str | None) -> int:
    """53 bits of a hash of the words in lower case, one space between them; 0 for a short text."""
    words = re.findall("[a-z0-9\u0080-\U0010ffff]+", lower(text or ""))
    normalised = " ".join(words)
    if len(normalised) < 30:
        return 0
    hashed = fnv1a(normalised.encode())
    hashed = (hashed ^ (hashed >> 32)) * 0xFF51AFD7ED558CCD % 2**64
    return max(hashed >> 11, 1)
