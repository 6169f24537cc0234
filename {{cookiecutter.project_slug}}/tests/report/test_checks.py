from adaptive_moe.report.checks import joined


def test_the_days_of_all_runs_are_told() -> None:
    then = {"date": "2026-01-30, 2026-01-31", "system": "Linux", "commit": "a", "cores, threads": "2, 1"}
    now = then | {"date": "2026-02-01"}
    assert joined(then, now) == {"date": "2026-01-30, 2026-01-31, 2026-02-01", "system": "Linux", "commit": "a"}
    assert joined(then | joined(then, now), now) == joined(then, now)
