"""The scorer: a Faust application whose processors consume, process and produce in transactions."""
