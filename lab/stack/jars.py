"""Downloads the locked jars of the broker once, and verifies them on every use.

A jar is downloaded into a temporary folder, compared with the lock, and only then renamed to its
path in the cache: an interrupted download is never taken for a jar, and two commands may download
at the same time. A jar in the cache that does not match (a full disk, a bad copy) is removed and
downloaded again, with a notice.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from jgo.maven import MavenContext, PythonResolver
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from lab.stack.errors import StackError, disk_full, is_disk_full
from lab.stack.jar_lock import Jar

DOWNLOADS_AT_ONCE = 4
ATTEMPTS = 3
TIMEOUT_SECONDS = 60
PAUSE_SECONDS = 1.0
Advance = Callable[[int], None]


def class_path(
    locked: list[Jar],
    *,
    cache_dir: Path,
    remote_repositories: dict[str, str],
    console: Console,
) -> list[Path]:
    """Return the jars of the broker, all present and proved equal to the lock.

    Raises:
        StackError: If one cannot be had: no network, full disk, or wrong bytes.
    """
    cache = cache_dir / "jars"
    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        present = list(pool.map(lambda jar: _is_good(jar, cache=cache, console=console), locked))
    missing = [jar for jar, is_good in zip(locked, present, strict=True) if not is_good]
    if missing:
        _download_all(
            missing, cache=cache, remote_repositories=remote_repositories, console=console
        )
    return [cache / jar.relative_path for jar in locked]


def _is_good(jar: Jar, *, cache: Path, console: Console) -> bool:
    path = cache / jar.relative_path
    if not path.exists():
        return False
    if jar.matches(path):
        return True
    console.print(f"{path.name} in the cache is incomplete or damaged; fetching it again.")
    path.unlink()
    return False


def _download_all(
    missing: list[Jar], *, cache: Path, remote_repositories: dict[str, str], console: Console
) -> None:
    total_bytes = sum(jar.size_bytes for jar in missing)
    console.print(
        f"Fetching {len(missing)} jars of Apache Kafka ({total_bytes / 1e6:.0f} MB) "
        f"from {', '.join(remote_repositories)}, once; they are stored in {cache}."
    )
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _progress(console) as progress, tempfile.TemporaryDirectory(dir=cache) as temporary:
            bar = progress.add_task("Kafka", total=total_bytes)
            with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
                futures = [
                    pool.submit(
                        _fetch,
                        jar,
                        cache=cache,
                        temporary=Path(temporary),
                        remote_repositories=remote_repositories,
                        advance=lambda count: progress.update(bar, advance=count),
                    )
                    for jar in missing
                ]
                try:
                    for future in futures:
                        future.result()
                except BaseException:
                    pool.shutdown(wait=True, cancel_futures=True)
                    raise
    except OSError as error:
        if is_disk_full(error):
            raise disk_full(cache) from error
        raise


def _fetch(
    jar: Jar,
    *,
    cache: Path,
    temporary: Path,
    remote_repositories: dict[str, str],
    advance: Advance,
) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        with tempfile.TemporaryDirectory(dir=temporary) as temporary_cache:
            try:
                path = _resolve(jar, temporary_cache, remote_repositories, advance)
            except (OSError, RuntimeError) as error:
                if isinstance(error, OSError) and is_disk_full(error):
                    raise
                if attempt == ATTEMPTS:
                    raise _unreachable(jar, error) from error
                time.sleep(attempt * PAUSE_SECONDS)
                continue
            if jar.matches(path):
                target = cache / jar.relative_path
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
                return
    raise StackError(
        f"{jar.relative_path.name} was downloaded {ATTEMPTS} times and never matched its SHA-256 "
        "in kafka-jars.lock.",
        remedy="A proxy or mirror changes downloads; nothing was stored. "
        "Try another network or set TOCSIN_MAVEN_REPOSITORY.",
    )


def _resolve(
    jar: Jar, temporary_cache: str, remote_repositories: dict[str, str], advance: Advance
) -> Path:
    @contextmanager
    def report(_filename: str, _total_bytes: int) -> Iterator[Advance]:
        yield advance

    context = MavenContext(
        resolver=PythonResolver(progress_callback=report),
        repo_cache=Path(temporary_cache),
        local_repos=[],
        remote_repos=remote_repositories,
        timeout=TIMEOUT_SECONDS,
    )
    component = context.project(jar.group, jar.artifact).at_version(jar.version)
    return Path(component.artifact().resolve())


def _unreachable(jar: Jar, error: Exception) -> StackError:
    reason = str(error).splitlines()[0][:300]
    return StackError(
        f"Could not fetch {jar.relative_path.name} ({type(error).__name__}: {reason}).",
        remedy=(
            "Check the network (a proxy is taken from HTTPS_PROXY), name a mirror of Maven "
            "Central with TOCSIN_MAVEN_REPOSITORY, or use servers that are already there: set "
            "TOCSIN_KAFKA_BOOTSTRAP and TOCSIN_DATABASE_URL."
        ),
    )


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
