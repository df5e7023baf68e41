"""Arguments and settings of the commands written in Python."""

import argparse
import pathlib
import re

INSTALLED = pathlib.Path("/etc/ozon-r2")


def argument_parser(name: str, usage: str) -> argparse.ArgumentParser:
    """A parser that exits with 64 if the arguments are wrong."""
    return _Parser(prog=name, usage=f"{name} {usage}")


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(64, f"{self.format_usage()}{self.prog}: {message}\n")


def read_settings(path: str, allow_export: bool = True) -> dict[str, str]:
    """The lines NAME=value of a file. Quotes, comments and blank lines are read as by systemd and shells, and "export "
    as by shells: systemd ignores such a line.

    Raises OSError, or ValueError with the numbers of the lines that do not have this form, which may contain secrets.
    """
    values, wrong = {}, []
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    for number, line in enumerate(lines, 1):
        if allow_export:
            line = re.sub(r"^export\s+", "", line)
        if line and line[0] not in "#;":
            name, _, value = line.partition("=")
            if not re.match("[A-Za-z_][A-Za-z0-9_]*=", line):
                wrong.append(str(number))
            value = value.lstrip()
            values[name] = value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
    if wrong:
        raise ValueError(f"not of the form NAME=value: line {', '.join(wrong)}")
    return values


def installed_settings() -> dict[str, str]:
    """The settings of the Debian packages: the file environment, and NAME_FILE for each file in secrets.

    Raises OSError and ValueError as read_settings does.
    """
    values = read_settings(str(INSTALLED / "environment"), allow_export=False)
    for file in sorted((INSTALLED / "secrets").iterdir()):
        values[f"{file.name.upper().replace('-', '_')}_FILE"] = str(file)
    return values


def secret(settings: dict[str, str], name: str) -> str:
    """A setting that may also be given as a file, as NAME_FILE. Raises OSError."""
    file = settings.get(f"{name}_FILE")
    return pathlib.Path(file).read_text().removesuffix("\n") if file else settings.get(name, "")


def settings_of(file: "str | None", parser: argparse.ArgumentParser) -> dict[str, str]:
    """The settings in the file, or without one those of the packages. Exits with 64 if they cannot be read."""
    try:
        return read_settings(file) if file else installed_settings()
    except (OSError, ValueError) as error:
        parser.error(f"{file or INSTALLED}: {error}" + ("" if file else "; --env FILE names another file"))
