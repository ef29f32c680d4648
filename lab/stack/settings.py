"""What the local stack takes from the environment, and nothing else.

Built by the commands and by the test session; the other modules get plain values.
"""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class StackSettings(BaseSettings):
    """Servers that are already there, and where the machine keeps things."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    kafka_bootstrap: str | None = Field(default=None, validation_alias="TOCSIN_KAFKA_BOOTSTRAP")
    database_url: str | None = Field(default=None, validation_alias="TOCSIN_DATABASE_URL")
    java_home: Path | None = Field(default=None, validation_alias="JAVA_HOME")
    cache_home: Path | None = Field(default=None, validation_alias="XDG_CACHE_HOME")
    maven_repository: str | None = Field(default=None, validation_alias="TOCSIN_MAVEN_REPOSITORY")

    @property
    def cache_dir(self) -> Path:
        """Return the folder that keeps downloads between runs."""
        return (self.cache_home or Path.home() / ".cache") / "tocsin"
