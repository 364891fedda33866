"""The client against a worker that misbehaves: no QGIS is needed here."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from referent.engine.protocol import Code, Failure, Log, Progress, Result
from referent.plugin.worker.client import WorkerClient, WorkerMissingError

FAKE = Path(__file__).with_name("fake_worker.py")


@pytest.fixture
def client_with():
    clients = []

    def make(**environment):
        client = WorkerClient(
            lambda: [sys.executable, "-I", "-X", "utf8", str(FAKE)], lambda: {**os.environ, **environment}
        )
        clients.append(client)
        return client

    yield make
    pids = [client.pid for client in clients if client.pid]
    for client in clients:
        client.close()
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


def ask(client, method, timeout_s=20.0, **params):
    events = []
    job = client.submit(method, params, events.append)
    assert job.wait(timeout_s), f"{method} was not over after {timeout_s} s"
    return job.outcome, events


def test_submit_gets_the_result_of_each_job(client_with):
    client = client_with()
    jobs = [client.submit("echo", {"n": n, "text": "Größe “東京” \n \0"}) for n in range(20)]
    assert all(job.wait(20) for job in jobs)
    assert [job.outcome.value["n"] for job in jobs] == list(range(20))
    assert jobs[3].outcome.value["text"] == "Größe “東京” \n \0"


def test_prints_of_libraries_do_not_corrupt_the_stream_and_are_kept(client_with):
    client = client_with()
    outcome, events = ask(client, "noise")
    assert outcome == Result(outcome.id, {"ok": True})
    assert [event.text for event in events if isinstance(event, Log)] == ["a warning"]
    time.sleep(0.3)
    kept = "\n".join(client.stderr_tail)
    for line in ("a print of a library", "raw bytes", "puts of a C library", "a line of standard error"):
        assert line in kept


def test_progress_ends_at_most_ten_times_a_second(client_with):
    outcome, events = ask(client_with(), "steps", count=60)
    progress = [event for event in events if isinstance(event, Progress)]
    assert isinstance(outcome, Result)
    assert 2 <= len(progress) <= 25


def test_failure_of_a_job_leaves_the_worker_alive(client_with):
    client = client_with()
    outcome, _ = ask(client, "fail")
    assert outcome.message == "the value 7 is wrong; use 8"
    assert "ValueError" in outcome.detail
    pid = client.pid
    outcome, _ = ask(client, "no such method")
    assert isinstance(outcome, Failure)
    assert client.pid == pid


def test_cancel_is_over_within_a_second_when_the_job_listens(client_with):
    client = client_with()
    job = client.submit("steps", {"count": 10000})
    time.sleep(0.5)
    start = time.monotonic()
    job.cancel()
    assert job.wait(1.0)
    assert time.monotonic() - start < 1.0
    assert job.outcome.code == Code.CANCELLED
    assert isinstance(ask(client, "echo")[0], Result)


def test_cancel_is_over_within_a_second_when_the_job_is_deaf_and_the_next_job_still_runs(client_with):
    client = client_with()
    ask(client, "echo")
    job = client.submit("deaf", {"seconds": 3})
    time.sleep(0.3)
    job.cancel()
    assert job.wait(1.0)
    assert job.outcome.code == Code.CANCELLED
    assert isinstance(ask(client, "echo")[0], Result)


def test_worker_that_ignores_a_cancel_for_long_is_ended(client_with, monkeypatch):
    monkeypatch.setattr("referent.plugin.worker.client.STUCK_PATIENCE_S", 1.5)
    client = client_with()
    ask(client, "echo")
    pid = client.pid
    job = client.submit("deaf", {"seconds": 60})
    time.sleep(0.2)
    job.cancel()
    assert isinstance(ask(client, "echo")[0], Result)  # it waited behind the deaf job and is not lost
    assert not psutil.pid_exists(pid)


def test_cancel_before_the_job_begins(client_with):
    client = client_with()
    first = client.submit("steps", {"count": 30})
    second = client.submit("echo", {})
    second.cancel()
    assert second.wait(5)
    assert second.outcome.code == Code.CANCELLED
    assert first.wait(10)
    assert isinstance(first.outcome, Result)


@pytest.mark.parametrize(
    ("method", "code"), [("die", Code.ENGINE_DIED), ("leave", Code.ENGINE_DIED), ("stop", Code.ENGINE_HUNG)]
)
def test_worker_that_is_gone_is_noticed_within_two_seconds_and_restarted(client_with, method, code):
    client = client_with()
    ask(client, "echo")
    pid = client.pid
    start = time.monotonic()
    outcome, _ = ask(client, method, timeout_s=5)
    assert time.monotonic() - start < 2.0
    assert outcome.code == code
    assert outcome.message.count(". ") == 0
    assert isinstance(ask(client, "echo")[0], Result)
    assert client.pid != pid


def test_worker_that_holds_the_lock_and_waits_is_hung(client_with):
    client = client_with()
    ask(client, "echo")
    start = time.monotonic()
    outcome, _ = ask(client, "hold_lock_idle", seconds=30)
    assert outcome.code == Code.ENGINE_HUNG
    assert time.monotonic() - start < 2.0


def test_worker_that_holds_the_lock_and_computes_is_left_in_peace(client_with):
    client = client_with()
    ask(client, "echo")
    outcome, _ = ask(client, "hold_lock_busy", seconds=4)
    assert isinstance(outcome, Result)


def test_kill_from_outside_is_noticed(client_with):
    client = client_with()
    job = client.submit("steps", {"count": 10000})
    time.sleep(0.6)
    start = time.monotonic()
    os.kill(client.pid, signal.SIGKILL)
    assert job.wait(2.0)
    assert time.monotonic() - start < 1.0
    assert job.outcome.code == Code.ENGINE_DIED
    assert "memory" in job.outcome.message


def test_worker_that_cannot_start_says_so_and_keeps_its_last_words(client_with):
    outcome, _ = ask(client_with(FAKE_START_EXIT="4"), "echo")
    assert outcome.code == Code.ENGINE_START
    assert "exit code 4" in outcome.message


def test_worker_of_another_version_is_refused(client_with):
    outcome, _ = ask(client_with(FAKE_VERSION_PLUS="1"), "echo")
    assert outcome.code == Code.ENGINE_VERSION


def test_missing_engine_is_a_failure_not_an_exception():
    def no_command():
        raise WorkerMissingError("There is no engine yet: press Prepare engine.")

    outcome, _ = ask(WorkerClient(no_command), "echo")
    assert (outcome.code, outcome.message) == (Code.ENGINE_MISSING, "There is no engine yet: press Prepare engine.")
    outcome, _ = ask(WorkerClient(lambda: ["/nonexistent/python"]), "echo")
    assert outcome.code == Code.ENGINE_START


def test_close_while_starting_and_while_running_leaves_no_process(client_with):
    for environment in ({"FAKE_START_S": "30"}, {}):
        client = client_with(**environment)
        job = client.submit("steps", {"count": 10000})
        time.sleep(0.4)
        pid = client.pid
        start = time.monotonic()
        client.close()
        assert time.monotonic() - start < 3.0
        assert job.outcome.code == Code.CANCELLED
        assert not psutil.pid_exists(pid)


def test_worker_ends_when_its_parent_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        "import subprocess, sys, time\n"
        f"p = subprocess.Popen([sys.executable, '-I', {str(FAKE)!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "print(p.pid, flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    time.sleep(0.5)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not psutil.pid_exists(pid)


def test_memory_is_given_back_when_nobody_asks(client_with):
    client = client_with(FAKE_IDLE_S="0.3")
    ask(client, "echo")
    time.sleep(1.0)
    assert list(client.stderr_tail).count("idle: memory given back") == 1
    assert isinstance(ask(client, "echo")[0], Result)
