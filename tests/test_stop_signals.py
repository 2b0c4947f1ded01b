"""Signals that end a program: each takes the way out that Ctrl-C takes, in the process that asked for it alone."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress

import pytest

from lava_ed.stop_signals import STOP_SIGNALS, Stopped, StopSignals, exit_code, raise_if_unheard, raise_stopped


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_becomes_an_exception_with_the_code_that_shells_expect(name, code):
    before = [signal.getsignal(number) for number in STOP_SIGNALS]
    with pytest.raises(KeyboardInterrupt, match=name) as caught, StopSignals(raise_stopped):
        signal.raise_signal(getattr(signal, name))
    assert exit_code(caught.value) == code
    assert [signal.getsignal(number) for number in STOP_SIGNALS] == before


def test_a_signal_whose_exception_got_lost_is_raised_before_the_next_long_thing():
    with StopSignals(raise_stopped):
        with suppress(Stopped):  # as Python does where it is raised in a finalizer
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Stopped, match="SIGTERM"):
            raise_if_unheard()
    raise_if_unheard()  # forgotten with the block


def test_what_was_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopSignals(raise_stopped):
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_forked_process_leaves_the_signal_to_its_parent():
    with StopSignals(raise_stopped):
        child = os.fork()
        if child == 0:
            try:
                signal.raise_signal(signal.SIGTERM)
                os._exit(7)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_nothing_changes_outside_the_main_thread():
    seen = []

    def look():
        with StopSignals(raise_stopped):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]
