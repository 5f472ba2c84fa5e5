"""What a run's samples say: exact percentiles, throughput, errors, by tenant and in comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flowquill.loadtest.plan import Sample


@dataclass(frozen=True, slots=True)
class Level:
    """The figures at one number of users; times in milliseconds, rates a second."""

    users: int
    requests: int
    errors: dict[str, int]
    throughput: float
    tokens: float
    p50: float
    p95: float
    p99: float
    first_p50: float
    tenants: dict[str, float]
    beside_p50: float | None = None
    beside_p95: float | None = None
    beside_first_p50: float | None = None

    @property
    def overhead(self) -> float | None:
        """The difference of the medians of the two addresses."""
        return None if self.beside_p50 is None else self.p50 - self.beside_p50

    def as_table(self) -> dict[str, Any]:
        """For JSON."""
        table = {name: getattr(self, name) for name in self.__slots__}
        rounded = {k: round(v, 2) if isinstance(v, float) else v for k, v in table.items()}
        return {**rounded, "overhead_p50": None if self.overhead is None else round(self.overhead, 2)}


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the sorted `values` do not exceed, by linear interpolation; 0 where there are none."""
    if not values:
        return 0.0
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def level(users: int, samples: Sequence[Sample]) -> Level:
    """The figures of a run. Latencies are those of requests that went well; requests at the address beside count by themselves."""
    own = [s for s in samples if not s.beside]
    good = [s for s in own if not s.error]
    beside = [s for s in samples if s.beside and not s.error]
    times = sorted(s.seconds * 1000 for s in good)
    span = max((s.begun_s + s.seconds for s in samples), default=0.0) - min((s.begun_s for s in samples), default=0.0)
    names = sorted({s.tenant for s in own})
    others = sorted(s.seconds * 1000 for s in beside)
    return Level(
        users=users,
        requests=len(own),
        errors=dict(Counter(s.error for s in samples if s.error).most_common()),
        throughput=(len(good) + len(beside)) / span if span else 0.0,
        tokens=sum(s.tokens for s in (*good, *beside)) / span if span else 0.0,
        p50=percentile(times, 0.5),
        p95=percentile(times, 0.95),
        p99=percentile(times, 0.99),
        first_p50=percentile(sorted(s.first_s * 1000 for s in good), 0.5),
        tenants={n: percentile(sorted(s.seconds * 1000 for s in good if s.tenant == n), 0.5) for n in names},
        beside_p50=percentile(others, 0.5) if others else None,
        beside_p95=percentile(others, 0.95) if others else None,
        beside_first_p50=percentile(sorted(s.first_s * 1000 for s in beside), 0.5) if others else None,
    )
