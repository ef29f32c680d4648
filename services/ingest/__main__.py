"""Starts ingest: settings, wiring, run."""

from services.ingest.entrypoints.service import main
from services.ingest.settings import IngestSettings
from services.kit.http.server import run
from services.kit.settings import PlatformSettings

if __name__ == "__main__":
    run(lambda: main(PlatformSettings(), IngestSettings()))
