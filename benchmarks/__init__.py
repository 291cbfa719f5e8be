"""Benchmarks: each module measures one promise, both sides in one run, and exits 1 where it fails.

A benchmark is a module `benchmarks/NAME.py`, run as `python -m benchmarks.NAME`. It prints a table
and ends with one line of JSON: `{"name", "figures", "bars", "pass"}`. Modules with a leading
underscore are parts of benchmarks. `python -m benchmarks [NAME...]` runs those named, or all.
"""
