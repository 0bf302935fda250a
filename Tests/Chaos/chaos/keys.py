"""The keys that clients use: a few at a time, each for a while. Then it is left alone, so that what was written of it
has to reach all its replicas, and what was deleted of it is reaped, without another request.
"""

import itertools
import random
import threading

from .history import Bucket, Key, Kind

#: Of each kind in each bucket, used at a time.
ACTIVE = 4
#: Requests for a key.
LIFE = 120

#: How often each is chosen.
_WEIGHTS = {
    (Kind.REGISTER, Bucket.SIBLINGS): 5, (Kind.REGISTER, Bucket.LATEST): 4, (Kind.REGISTER, Bucket.SLOPPY): 3,
    (Kind.COUNTER, Bucket.SIBLINGS): 2, (Kind.COUNTER, Bucket.LATEST): 1, (Kind.COUNTER, Bucket.SLOPPY): 1,
    (Kind.SET, Bucket.SIBLINGS): 2, (Kind.SET, Bucket.LATEST): 1, (Kind.SET, Bucket.SLOPPY): 1,
}


class Keys:
    """Hands out keys to all clients. `prefix` makes them others than those of another round."""

    def __init__(self, prefix: str):
        self._prefix = prefix
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._active = {place: [self._new(*place) for _ in range(ACTIVE)] for place in _WEIGHTS}
        self._uses: dict[Key, int] = {}
        #: Of each set in use, the members that were acknowledged and that nobody is removing.
        self._members: dict[Key, list[str]] = {}

    def _new(self, kind: Kind, bucket: Bucket) -> Key:
        return Key(kind, bucket, f"{self._prefix}-{kind.value}-{next(self._numbers)}")

    def take(self, chance: random.Random) -> Key:
        place, = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
        with self._lock:
            index = chance.randrange(ACTIVE)
            key = self._active[place][index]
            uses = self._uses.get(key, 0) + 1
            self._uses[key] = uses
            if uses == LIFE:
                self._active[place][index] = self._new(*place)
                del self._uses[key]
                self._members.pop(key, None)
            return key

    def added(self, key: Key, member: str) -> None:
        with self._lock:
            if key in self._uses:
                self._members.setdefault(key, []).append(member)

    def take_member(self, key: Key, chance: random.Random) -> str | None:
        """One to be removed, which nobody else is given."""
        with self._lock:
            members = self._members.get(key)
            return members.pop(chance.randrange(len(members))) if members else None
