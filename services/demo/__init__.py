"""The demonstration: an invented unit with its people, signals and cases (issue: 澜浦县)."""

from services.demo.seeding import seed

__all__ = ["seed"]
