"""Restarts both processes of ozon-download with one command while each has slow requests in flight, and sends requests
until they have been replaced. Fails if a request fails or takes a second. Runs in the container; the argument is the
API key. Prints the number of requests and the longest time.
"""

import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

SITE = "http://127.0.0.1"
slow_statuses, statuses, times = [], [], []


def download(api_key):
    body = {
        "credential": {"client_id": "1", "api_key": api_key}, "articles": ["2194435300"], "user_id": "u",
        "download_images": False,
    }  # fmt: skip
    headers = {"Content-Type": "application/json", "X-API-Key": sys.argv[1]}
    request = urllib.request.Request(f"{SITE}/api/v1/ozon/download", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            response.read()
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return str(error)


def processes():
    with urllib.request.urlopen(f"{SITE}/ozon-r2/ozon-download/status") as response:
        return {each["pid"]: each["in flight"] for each in json.load(response)["processes"]}


threads, deadline = [], time.monotonic() + 30
while not (len(before := processes()) == 2 and all(before.values())):
    if time.monotonic() > deadline:
        sys.exit(f"not both processes have requests: {before}")
    threads.append(threading.Thread(target=lambda: slow_statuses.append(download("slow-4s"))))
    threads[-1].start()
restart = subprocess.Popen(["systemctl", "restart", "ozon-download@1", "ozon-download@2"])
while restart.poll() is None:
    start = time.monotonic()
    statuses.append(download("good"))
    times.append(time.monotonic() - start)
for thread in threads:
    thread.join()
if restart.returncode or set(processes()) & set(before):
    sys.exit(f"not both processes were replaced: {before}, {processes()}")
if wrong := [status for status in statuses + slow_statuses if status != 200]:
    sys.exit(f"{len(wrong)} of {len(statuses)} requests failed: {wrong[0]}")
if max(times) >= 1 or len(times) < 10:
    sys.exit(f"{len(times)} requests, the longest of which took {max(times):.2f} s")
print(f"{len(times)} requests, the longest of which took {max(times) * 1000:.0f} ms")
