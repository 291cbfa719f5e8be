"""Kafka and MLflow on one machine, for the demo, for trying things out and for the tests.

`embedded.stack.Stack` starts both as child processes on free loopback ports and ends them with
the process that asked for them, however that process ends. The real deployment is another one;
every service reaches either through the same settings.
"""
