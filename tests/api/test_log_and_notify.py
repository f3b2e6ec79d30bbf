"""What is around the daemon: a log file that is moved away, and what systemd is told."""
import os
import signal
import socket
import subprocess
import time

import pytest
from harness.daemon import Daemon, bin_folder, environment


def wait_for(is_so, what):
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def test_a_log_file_that_was_moved_is_begun_anew(make_daemon, tmp_path):
    log, moved = tmp_path / "redbutton.log", tmp_path / "redbutton.log.1"
    daemon = make_daemon(log_file=log)
    assert "main ready" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o640
    log.rename(moved)
    daemon.process.child.send_signal(signal.SIGHUP)
    wait_for(log.exists, "a new file")
    wait_for(lambda: "opened anew" in log.read_text(), log.read_text)
    size = moved.stat().st_size
    daemon.process.child.send_signal(signal.SIGHUP)  # again, and any number of times
    wait_for(lambda: log.read_text().count("opened anew") == 2, log.read_text)
    assert daemon.stop() == 0
    assert "main stopping" in log.read_text()
    assert moved.stat().st_size == size, "nothing more went into the old one"


def test_a_log_file_that_cannot_be_opened_anew_loses_nothing(make_daemon, tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    daemon = make_daemon(log_file=folder / "log")
    folder.rename(tmp_path / "elsewhere")
    daemon.process.child.send_signal(signal.SIGHUP)
    wait_for(lambda: "the log goes on where it went" in (tmp_path / "elsewhere" / "log").read_text(), "a word about it")
    assert daemon.is_alive()


def test_without_a_log_file_a_hangup_does_no_harm(daemon):
    daemon.process.child.send_signal(signal.SIGHUP)
    wait_for(lambda: "no log-file" in daemon.log, "a word about it")
    assert daemon.is_alive()


def test_a_log_file_that_cannot_be_made_keeps_it_from_starting(tmp_path):
    done = subprocess.run([bin_folder() / "redbuttond", "--log-file", "/no/such/folder/log", "--data-dir", tmp_path],
                          capture_output=True, text=True, timeout=20, env=environment(), check=False)
    assert done.returncode != 0
    assert "/no/such/folder/log" in done.stderr and "remedy: log-file" in done.stderr


@pytest.fixture
def systemd(tmp_path):
    """What systemd would be told, and a daemon that tells it, with a watchdog of 2 s."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        path = tmp_path / "notify"
        ear.bind(str(path))
        ear.settimeout(15)
        os.environ.update(NOTIFY_SOCKET=str(path), WATCHDOG_USEC="2000000")
        try:
            daemon = Daemon(tmp_path / "daemon").start()
        finally:
            del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
        yield daemon, lambda: ear.recv(4096).decode()
        daemon.stop()


def test_systemd_is_told_ready_status_watchdog_and_stop(systemd):
    daemon, heard = systemd
    told = [heard() for _ in range(4)]
    assert "READY=1" in told
    assert "STATUS=serving, 0 runs open" in told
    assert told.count("WATCHDOG=1") >= 1
    since = time.monotonic()
    for _ in range(3):
        while heard() != "WATCHDOG=1":
            pass
    assert time.monotonic() - since < 6, "a beat each second: within the time of the watchdog"
    daemon.stop()
    while heard() != "STATUS=stopping":
        pass
