"""For main-job: shows the progress of a streamed copy, whose NDJSON lines it reads from standard input: as a bar on a
terminal, otherwise as a line per article. Exits with 1 if the last line is not of the type "done".

    progress.py FILE     copies the lines to FILE
"""

import json
import sys

WIDTH = 30
bar = sys.stdout.isatty()
total = done = copied = failed = 0
last = None

with open(sys.argv[1], "w", encoding="utf-8") as file:
    for line in sys.stdin:
        file.write(line)
        if not line.strip():
            continue  # a heartbeat
        last = json.loads(line)
        kind = last.get("type")  # an error that is not streamed has no type
        if kind == "start":
            total = last["total_articles"]
        elif kind == "item":
            done = last["done"]
            copied += last["success_images"]
            failed += last["failed_images"]
        else:
            continue
        full = WIDTH * done // total
        drawn = f"[{'#' * full}{'-' * (WIDTH - full)}] {done}/{total} articles, {copied} images copied, {failed} failed"
        if bar:
            print(f"\r{drawn}\033[K", end="", flush=True)
        elif kind == "item":
            print(f"{drawn} ({last['article']})", flush=True)
if bar and total:
    print()
sys.exit(last is None or last.get("type") != "done")
