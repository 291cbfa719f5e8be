"""Kernels that read texts byte by byte: words, trigrams of letters, numbers and repeated words.

A word is a run of letters, digits and two-byte characters, `A` to `Z` in lower case. A character
of three or four bytes is a word of its own: it is a pictogram, or of a script that often sets no
spaces between words. But typographic marks (U+2000 to U+203F) are no words, and mean what the marks
of a typewriter do: a device that writes them is no news. Words are known by their 64-bit FNV-1a
hash (Fowler, Noll, Vo, "The FNV Non-Cryptographic Hash Algorithm").

Trigrams are of classes of bytes, not of bytes: so they fit into the cache, and a history of a few
thousand texts has seen most that are usual.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from streamscore.features.address_kernels import BARE, NEW, address_in

CLASSES = 40
"""How many classes of bytes there are."""

_SPACE, _DIGIT, _OTHER = 26, 27, 35
_LAST_SPACE, _DOT, _COLON = 32, 46, 58
_FNV_OFFSET = np.uint64(14695981039346656037)
_FNV_PRIME = np.uint64(1099511628211)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio, which spreads what differs over the upper bits (Knuth, "The Art of
Computer Programming", volume 3, section 6.4)."""

_LONGEST_GAP = 2
"""Characters that may stand between two groups of digits of one number: `(555) 010-9999`."""


def _classes() -> NDArray[np.uint8]:
    """Return the class of each byte: letters, space, digit, marks, and four of UTF-8's."""
    found = np.full(256, _OTHER, np.uint8)
    for place in range(26):
        found[[ord("a") + place, ord("A") + place]] = place
    found[list(b" \t\n\r")] = _SPACE
    found[list(b"0123456789")] = _DIGIT
    found[list(b".,!?'-\"")] = np.arange(_DIGIT + 1, _OTHER)
    found[0x80:0xC0], found[0xC0:0xE0], found[0xE0:0xF0], found[0xF0:] = 36, 37, 38, 39
    return found


BYTE_CLASSES = _classes()


def _mark_classes() -> NDArray[np.uint8]:
    """Return the class of each typographic mark, by the last of its bytes less 0x80."""
    found = np.full(64, _OTHER, np.uint8)
    for mark, places in ((" ", range(0x0C)), ("-", range(0x10, 0x16)), (".", (0x26,))):
        found[list(places)] = BYTE_CLASSES[ord(mark)]
    found[0x18:0x1C], found[0x1C:0x20] = BYTE_CLASSES[[ord("'"), ord('"')]]
    return found


_MARK_CLASSES = _mark_classes()


@njit(cache=True, nogil=True)
def count_trigrams(data, ends, classes, counts):  # type: ignore[no-untyped-def]
    """Add the trigrams of texts to counts of shape (CLASSES, CLASSES, CLASSES).

    Before the first byte of a text stand two spaces; spaces in a row are one.
    """
    i = 0
    for row in range(len(ends)):
        first = second = _SPACE
        while i < ends[row]:
            is_mark = _is_mark(data, i, ends[row])
            third = _MARK_CLASSES[data[i + 2] & 0x3F] if is_mark else classes[data[i]]
            i += 3 if is_mark else 1
            if third == _SPACE and second == _SPACE:
                continue
            counts[first, second, third] += 1
            first, second = second, third


@njit(cache=True, nogil=True)
def count_words(data, ends, counts, texts, latest, first_row):  # type: ignore[no-untyped-def]
    """Add words to counts by slot: how often each occurs, and in how many texts.

    `latest` holds the last row that had each slot, -1 at first; `first_row` numbers the texts.
    """
    hashes = np.empty(_longest(ends), np.uint64)
    mask = np.uint64(len(counts) - 1)
    start = 0
    for row in range(len(ends)):
        for j in range(_words(data, start, ends[row], hashes)):
            slot = _slot(hashes[j], mask)
            counts[slot] += 1
            if latest[slot] != first_row + row:
                latest[slot] = first_row + row
                texts[slot] += 1
        start = ends[row]


@njit(cache=True, nogil=True)
def slots_of_words(data, ends, slots, found, bounds):  # type: ignore[no-untyped-def]
    """Write the slots of each text's words and pairs of words, one text after the other.

    `found` has room for twice as many as there are bytes, and 2 more a text; `bounds` of shape
    (n,) gets where each text's end.
    """
    hashes = np.empty(_longest(ends), np.uint64)
    mask = np.uint64(slots - 1)
    start = place = 0
    for row in range(len(ends)):
        words = _words(data, start, ends[row], hashes)
        for j in range(words):
            found[place] = _slot(hashes[j], mask)
            place += 1
            if j > 0:
                found[place] = _slot(_pair(hashes[j - 1], hashes[j]), mask)
                place += 1
        bounds[row] = place
        start = ends[row]


@njit(cache=True, nogil=True)
def read_texts(data, ends, classes, trigram_bits, word_bits, unseen_bits, weights, out):  # type: ignore[no-untyped-def]
    """Write what is learned of each text: the columns of `LEARNED`, then sums of weights.

    A text without words has no rarity, no share of unseen words and no sums: NaN; an empty one has
    no surprise either. The words are read before the addresses, whose words take their room.
    """
    hashes = np.empty(_longest(ends), np.uint64)
    start = 0
    for row in range(len(ends)):
        end = ends[row]
        out[row, 0], out[row, 3] = _surprise(data, start, end, classes, trigram_bits)
        words = _words(data, start, end, hashes)
        _of_words(hashes[:words], word_bits, unseen_bits, out[row])
        for k in range(len(weights)):
            out[row, 6 + k] = _weighed(hashes[:words], weights[k])
        out[row, 5] = _addresses(data, start, end, word_bits, unseen_bits, hashes)
        start = end


@njit(cache=True, nogil=True)
def _surprise(data, start, end, classes, trigram_bits):  # type: ignore[no-untyped-def]
    first = second = _SPACE
    total = 0.0
    longest = digits = gap = read = 0
    i = start
    while i < end:
        is_mark = _is_mark(data, i, end)
        third = _MARK_CLASSES[data[i + 2] & 0x3F] if is_mark else classes[data[i]]
        i += 3 if is_mark else 1
        if third == _SPACE and second == _SPACE:
            continue
        total += trigram_bits[first, second, third]
        first, second = second, third
        read += 1
        if third == _DIGIT:
            digits += 1
            gap = 0
            longest = max(longest, digits)
        else:
            gap += 1
            if gap > _LONGEST_GAP or third < _SPACE:
                digits = 0
    return total / read if read else np.nan, longest


@njit(cache=True, nogil=True)
def _of_words(hashes, word_bits, unseen_bits, out):  # type: ignore[no-untyped-def]
    words, mask = len(hashes), np.uint64(len(word_bits) - 1)
    bits = 0.0
    unseen = longest = repeats = 0
    for j in range(words):
        bit = word_bits[_slot(hashes[j], mask)]
        bits += bit
        unseen += bit >= unseen_bits
        same = j > 0 and hashes[j] == hashes[j - 1]
        repeats = repeats + 1 if same else 1
        longest = max(longest, repeats)
    out[1] = bits / words if words else np.nan
    out[2] = unseen / words if words else np.nan
    out[4] = longest


@njit(cache=True, nogil=True)
def _weighed(hashes, weights):  # type: ignore[no-untyped-def]
    words, mask = len(hashes), np.uint64(len(weights) - 1)
    if words == 0:
        return np.nan
    total = np.float64(weights[_slot(hashes[0], mask)])
    for j in range(1, words):
        total += weights[_slot(hashes[j], mask)]
        total += weights[_slot(_pair(hashes[j - 1], hashes[j]), mask)]
    # Words and pairs: 2 w - 1 of them, as the rows of the regression are scaled.
    return total / np.sqrt(2.0 * words - 1.0)


@njit(cache=True, nogil=True)
def _addresses(data, start, end, word_bits, unseen_bits, hashes):  # type: ignore[no-untyped-def]
    """Return the surest address of a text: `WHOLE`, `NEW`, `BARE` or 0 for none.

    A bare domain of words that history has may as well be a full stop without a space behind it.
    """
    mask = np.uint64(len(word_bits) - 1)
    begun, has_mark, found = start, False, 0
    for i in range(start, end + 1):
        if i < end and data[i] > _LAST_SPACE:
            has_mark = has_mark or data[i] == _DOT or data[i] == _COLON
            continue
        if has_mark:
            here = address_in(data, begun, i)
            if here == BARE:
                for j in range(_words(data, begun, i, hashes)):
                    if word_bits[_slot(hashes[j], mask)] >= unseen_bits:
                        here = NEW
            found = max(found, here)
        begun, has_mark = i + 1, False
    return found


@njit(cache=True, nogil=True)
def _words(data, start, end, hashes):  # type: ignore[no-untyped-def]
    """Write the hashes of the words between two places, and return how many there are."""
    words = 0
    hashed = _FNV_OFFSET
    in_word = False
    is_wide = False
    skipped = 0
    for i in range(start, end):
        byte = data[i]
        if _is_mark(data, i, end):
            skipped = 3
        if skipped:
            skipped -= 1
            byte = 32
        if 65 <= byte <= 90:
            byte += 32
        is_letter = 97 <= byte <= 122 or 48 <= byte <= 57 or byte >= 128
        # A character of three or four bytes ends the word before it, and the next one ends it.
        ends_word = not is_letter or byte >= 0xE0 or (is_wide and byte & 0xC0 != 0x80)
        if ends_word and in_word:
            hashes[words] = hashed
            words += 1
            hashed = _FNV_OFFSET
            in_word = is_wide = False
        if is_letter:
            is_wide = is_wide or byte >= 0xE0
            hashed = (hashed ^ np.uint64(byte)) * _FNV_PRIME
            in_word = True
    if in_word:
        hashes[words] = hashed
        words += 1
    return words


@njit(cache=True, nogil=True)
def _is_mark(data, i, end):  # type: ignore[no-untyped-def]
    """Tell whether a typographic mark begins at a place: U+2000 to U+203F in UTF-8."""
    return data[i] == 0xE2 and i + 2 < end and data[i + 1] == 0x80


@njit(cache=True, nogil=True)
def _slot(hashed, mask):  # type: ignore[no-untyped-def]
    # FNV leaves words that differ in their last letter alone apart in its outer bits only.
    mixed = (hashed ^ (hashed >> np.uint64(32))) * _GOLDEN
    return np.int64((mixed >> np.uint64(40)) & mask)


@njit(cache=True, nogil=True)
def _pair(first, second):  # type: ignore[no-untyped-def]
    return ((first * _GOLDEN) ^ second) * _FNV_PRIME


@njit(cache=True, nogil=True)
def _longest(ends):  # type: ignore[no-untyped-def]
    longest, start = 1, 0
    for end in ends:
        longest = max(longest, end - start)
        start = end
    return longest
