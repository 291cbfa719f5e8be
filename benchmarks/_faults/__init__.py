"""The fault harness: scoring workers that are killed at chosen points, and what must hold after."""
