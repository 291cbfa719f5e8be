"""Every setting of the project, how it is read, and the rules it keeps.

``sections`` is the one list: a frozen struct for each section, each field with its default,
bounds, unit and meaning. ``loading`` reads a TOML text, the environment and flags over it.
``rules`` holds what several settings must satisfy together.
"""

from streamscore.settings.loading import load_settings
from streamscore.settings.sections import (
    Embedded,
    Kafka,
    Mlflow,
    Scorer,
    Settings,
    Topics,
    Trainer,
    Worker,
)
from streamscore.settings.table import SettingRow, describe, settings_markdown

__all__ = [
    "Embedded",
    "Kafka",
    "Mlflow",
    "Scorer",
    "SettingRow",
    "Settings",
    "Topics",
    "Trainer",
    "Worker",
    "describe",
    "load_settings",
    "settings_markdown",
]
