import logging
import signal
import threading
import time
import uuid

from django.db import DatabaseError, close_old_connections, reset_queries
from django_tasks_db.management.commands.db_worker import Worker

from alliance.digests.actions import send_digests
from alliance.patterns.actions import keep_figures
from alliance.sending.rounds import make_round
from sessions_app.management.all_rows import AllRowsCommand

logger = logging.getLogger(__name__)

ROUND_EVERY = 30  # seconds
LOOK_EVERY = 1


class Command(AllRowsCommand):
    help = (
        "Send messages to clients, remind once, close what is over, and work out the averages of "
        "practices once a day, until it is told to stop. "
        "Several may run at once. On PostgreSQL it needs the role “jobs”."
    )

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="do what is due now, and end")

    def handle(self, *args, once, **options):
        # Its own lines say what was done, and nothing of what failed.
        logging.getLogger("django_tasks").setLevel(logging.WARNING)
        is_over = threading.Event()
        nudges = Worker(
            queue_names=["*"],
            interval=0,
            batch=True,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=uuid.uuid4().hex,
            excluded_queue_names=[],
        )

        def stop(*_args):
            is_over.set()
            nudges.running = False

        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, stop)
        next_round = time.monotonic()
        while not is_over.is_set():
            try:
                nudges.run()
                if time.monotonic() >= next_round:
                    next_round = time.monotonic() + ROUND_EVERY
                    make_round(is_over=is_over.is_set)
                    keep_figures()
                    send_digests(is_over=is_over.is_set)
            except DatabaseError as error:
                # It may be starting anew; what waits is in its tables.
                logger.error("The database did not do its part: %s", type(error).__name__)
                if once:
                    raise
                close_old_connections()
            if once:
                break
            reset_queries()
            is_over.wait(LOOK_EVERY)
