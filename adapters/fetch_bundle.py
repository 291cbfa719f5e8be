"""A short-lived process that downloads one bundle, so that mlflow stays out of the services.

Run as ``python -m adapters.fetch_bundle TRACKING_URI NAME VERSION FOLDER``. The artifacts may lie
behind the MLflow server or in an object store: mlflow knows how to reach either.
"""

from __future__ import annotations

import sys
from pathlib import Path

BUNDLE_PATH = "artifacts/bundle"
"""Where the bundle lies within the files of a logged model."""


def download(tracking_uri: str, name: str, version: str, folder: Path) -> None:
    """Download the bundle of a model version into ``folder / BUNDLE_PATH``."""
    import mlflow

    mlflow.set_tracking_uri(tracking_uri)
    mlflow.artifacts.download_artifacts(
        artifact_uri=f"models:/{name}/{version}/{BUNDLE_PATH}", dst_path=str(folder)
    )


if __name__ == "__main__":
    download(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
