"""The partition that Kafka's Java client takes for a key."""


def java_partition(key: bytes, partitions: int) -> int:
    """murmur2, made positive, by the number of partitions."""
    m, length, mask = 0x5BD1E995, len(key), 0xFFFFFFFF
    h = (0x9747B28C ^ length) & mask
    for place in range(0, length - length % 4, 4):
        k = int.from_bytes(key[place : place + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    rest = key[length - length % 4 :]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return ((h ^ h >> 15) & 0x7FFFFFFF) % partitions
