"""The Celery application that is measured beside Afterword's queue.

Everything is Celery's default but what the environment says, so that the worker and whoever calls `.delay()` agree:

BROKER              URL of the Redis that is the broker
CAREFUL             "1": acknowledge late and reject on a lost worker, as the documentation advises for idempotent tasks
VISIBILITY_TIMEOUT  seconds after which an unacknowledged task is given to another worker (default: Celery's hour)
JOB_SECONDS         how long a task takes
LEDGER              file to which a task writes "began N" and "done N"
"""

import os
import time

from celery import Celery

app = Celery("tasks", broker=os.environ["BROKER"])
app.conf.broker_connection_retry_on_startup = True
if os.environ.get("CAREFUL") == "1":
    app.conf.task_acks_late = True
    app.conf.task_reject_on_worker_lost = True
if "VISIBILITY_TIMEOUT" in os.environ:
    # Without the throttle, unacknowledged tasks are looked for each ten seconds, and not only each hundred.
    app.conf.broker_transport_options = {
        "visibility_timeout": int(os.environ["VISIBILITY_TIMEOUT"]),
        "unacked_restore_throttle": 1,
    }


@app.task(ignore_result=True)
def extract(number):
    """Stand in for an extraction: wait as a model would, and leave a trace that survives a kill of this process."""
    note("began", number)
    time.sleep(float(os.environ.get("JOB_SECONDS", "0")))
    note("done", number)


def note(what, number):
    """Append one line in one write, which no other process can tear apart."""
    ledger = os.open(os.environ["LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(ledger, f"{what} {number}\n".encode())
    os.close(ledger)
