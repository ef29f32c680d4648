"""Reads the rulebooks and models that options name; ends the command if one cannot be used."""

from dataclasses import replace
from pathlib import Path

from services.cli.errors import CommandError
from services.scoring.adapters.pd_model import ModelUnusable, misfits, model_from, read_model_file
from services.scoring.adapters.rulebook_reader import (
    RulebookError,
    load_rulebook,
    path_of,
    read_text,
    shipped_names,
)
from services.scoring.application.rulebook_cache import RulebookCache, RulebookText
from services.scoring.domain.rulebook.rulebook import Rulebook


def usable_rulebook(name_or_path: str) -> Rulebook:
    """Return the compiled rulebook, or end the command with every problem of it."""
    if name_or_path not in shipped_names() and not Path(name_or_path).is_file():
        raise CommandError(
            f"There is no file {Path(name_or_path).absolute()}, and no shipped rulebook is called "
            f"{name_or_path}.",
            remedy=f"Give the path of a YAML file, or one of: {', '.join(shipped_names())}.",
        )
    try:
        return load_rulebook(name_or_path)
    except RulebookError as error:
        problems = "\n".join(f"  {problem}" for problem in error.problems)
        raise CommandError(
            f"Rulebook {error.origin} cannot be used:\n{problems}",
            remedy="Correct the file, then run `tocsin rulebook check FILE`.",
        ) from error


def rulebooks_of(names_or_paths: list[str]) -> RulebookCache:
    """Return the rulebooks that a file may activate: those given and those that ship."""
    cache = RulebookCache(read_text)
    for origin in [*shipped_names(), *names_or_paths]:
        rules = usable_rulebook(origin)
        cache.add(RulebookText(rules.name, rules.version, path_of(origin).read_bytes()))
    return cache


def with_model(rules: Rulebook, path: Path | None) -> Rulebook:
    """Return the rulebook with this champion; end the command if the model does not fit it."""
    if path is None:
        return rules
    try:
        model = model_from(read_model_file(path))
    except ModelUnusable as error:
        raise CommandError(
            f"The model cannot be used: {error}.", remedy="Train one with `tocsin model train`."
        ) from error
    problems = misfits(model, rules.indicators, rules.overlays)
    if problems:
        raise CommandError(
            f"{path} does not fit {rules.name} {rules.version}:\n  " + "\n  ".join(problems),
            remedy="Score with the rulebook it was trained on, or train again.",
        )
    return replace(rules, models=(model,), resolved={})
