"""Call `.delay()` from a number of processes, and print what each call took as JSON.

Usage: delay.py CLIENTS CALLS

One process a client, as a web server with synchronous workers has, so that no interpreter lock is shared. They are forked
after the imports, connect and make one call first, and then start together. Each calls again as soon as it has the answer.
The calls that count are tasks 0, 1, 2 and so on; the first of each process is task -1.
"""

import json
import multiprocessing
import sys
import time

from tasks import extract


def client(numbers, together, results):
    """Make the calls for `numbers`, and send when they started, when they ended, what each took, and how many failed."""
    extract.delay(-1)
    together.wait()
    latencies, failed = [], 0
    started = time.monotonic()
    for number in numbers:
        called = time.monotonic()
        try:
            extract.delay(number)
        except Exception:  # A benchmark counts whatever goes wrong.
            failed += 1
        else:
            latencies.append(round((time.monotonic() - called) * 1e6))
    results.put((started, time.monotonic(), latencies, failed))


def main():
    """Start the clients, gather what they send, and print it."""
    clients, calls = int(sys.argv[1]), int(sys.argv[2])
    fork = multiprocessing.get_context("fork")
    together, results = fork.Barrier(clients), fork.Queue()
    shares = [range(first, calls, clients) for first in range(clients)]
    processes = [fork.Process(target=client, args=(share, together, results)) for share in shares]
    for process in processes:
        process.start()
    reports = [results.get() for _ in processes]
    for process in processes:
        process.join()
    print(
        json.dumps(
            {
                "seconds": max(ended for _, ended, _, _ in reports) - min(started for started, _, _, _ in reports),
                "latencies_us": [latency for _, _, latencies, _ in reports for latency in latencies],
                "failed": sum(failed for _, _, _, failed in reports),
            }
        )
    )


if __name__ == "__main__":
    main()
