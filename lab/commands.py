"""The commands that this distribution adds to `tocsin`, by its entry point `tocsin.commands`."""

from services.cli.commands import Command

COMMANDS: dict[str, Command] = {
    "demo": Command("lab.demo.command", "demo", "See the whole system work."),
    "simulate": Command(
        "lab.simulator.command", "simulate", "Write a labelled portfolio to a file."
    ),
    "stack": Command("lab.stack.commands", "app", "Run Kafka and PostgreSQL locally."),
    "bench": Command("lab.bench.command", "bench", "Measure speed against the machine's ceilings."),
    "convert": Command("lab.convert.commands", "app", "Convert a public data set into events."),
    "model": Command("lab.model_training.commands", "app", "Train a PD model on labelled history."),
}
