"""Vectors of messages and lists of the neurons that sent one."""

from __future__ import annotations

from lava_ed.kernels._jit import kernel

__all__ = ["add_events", "add_vector", "list_events", "list_rows_of_events"]


@kernel
def list_events(values, events):  # type: ignore[no-untyped-def]
    """Write the indices of the values that are not 0; returns how many.

    Parameters
    ----------
    values : integer[n]
    events : int32[n]
        Overwritten up to the count.
    """
    count = 0
    for i in range(values.size):
        events[count] = i
        count += values[i] != 0
    return count


@kernel
def list_rows_of_events(rows, pointers, events):  # type: ignore[no-untyped-def]
    """`list_events` of each row, one list behind the other.

    Parameters
    ----------
    rows : integer[k, n]
    pointers : int32[k + 1]
        Overwritten: the events of row r are ``events[pointers[r] : pointers[r + 1]]``.
    events : int32[k·n]
        Overwritten up to the last pointer.
    """
    count = 0
    pointers[0] = 0
    for r in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            # Not the branchless way of `list_events`: it would write once past the end of full rows.
            if rows[r, i] != 0:
                events[count] = i
                count += 1
        pointers[r + 1] = count


@kernel
def add_vector(values, index, total):  # type: ignore[no-untyped-def]
    """total_k ← total_k + values_{index_k} modulo 2^32.

    Parameters
    ----------
    values : int32[n]
    index : int32[n] or int32[0]
        Empty for the identity.
    total : int32[n]
        Changed.
    """
    if index.size == 0:
        for k in range(total.size):
            total[k] += values[k]
    else:
        for k in range(total.size):
            total[k] += values[index[k]]


@kernel
def add_events(events, count, payloads, places, total):  # type: ignore[no-untyped-def]
    """Add the payload of each event at its place, modulo 2^32.

    Parameters
    ----------
    events : int32[k]
        Senders; the first `count` are read.
    count : int
    payloads : int32[n] or int32[0]
        Payload of every sender; empty where each is 1.
    places : int32[n] or int32[0]
        Where the message of each sender goes; empty for the identity.
    total : int32[n]
        Changed.
    """
    for k in range(count):
        sender = events[k]
        place = sender if places.size == 0 else places[sender]
        total[place] += 1 if payloads.size == 0 else payloads[sender]
