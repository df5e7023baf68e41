"""Files that are replaced as a whole."""

import os
import pathlib
import tempfile


def write_all(files: dict[pathlib.Path, tuple[str, int]]) -> None:
    """Replaces the files by these texts, with these modes. A failure to write leaves all of the old ones."""
    written = {}
    try:
        for path, (text, mode) in files.items():
            descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            written[path] = name
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                os.fchmod(descriptor, mode)
        for path, name in written.items():
            os.replace(name, path)
    finally:
        for name in written.values():
            pathlib.Path(name).unlink(missing_ok=True)
