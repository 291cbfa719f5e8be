"""The command line: parses, calls one function of a service, prints.

Each command is one file ``cli/<command>.py`` that defines ``register(app)``; ``cli.app`` finds
every module of this package that has one, so a new file is enough::

    import typer

    from cli.invocation import invocation_of, print_json


    def register(app: typer.Typer) -> None:
        \"\"\"Add ``streamscore replay``.\"\"\"
        app.command(rich_help_panel="Streams")(replay)


    def replay(context: typer.Context, source: str, json: bool = False) -> None:
        \"\"\"Replay a file of records into Kafka, in the order of their event time.\"\"\"
        from producer.app import run_replay  # imported when the command runs, never before

        settings = invocation_of(context).settings()
        ...

A group of commands registers a sub-app: ``app.add_typer(group, name="topics", help=...)``.

The rules:

- At the top of a command's file only ``typer``, the standard library, ``cli.invocation`` and
  ``streamscore.errors`` are imported; everything heavier is imported in the function.
- Panels of the help: "Start here", "Streams", "Models", "Operate".
- What breaks a rule raises ``UsageError`` (exit code 2), what fails any other
  ``StreamscoreError`` (exit code 1); ``cli.app`` prints the message, without a traceback.
- Results go to standard output, by `print_table` or, with ``--json``, by `print_json` as one JSON
  document; progress and errors go to standard error.
- A page of the documentation that the code makes is listed in ``cli.docs.pages`` and written by
  ``streamscore docs --write``; a test fails where it is stale.
"""
