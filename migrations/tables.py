"""The tables as the models have them now, all modules loaded."""

from __future__ import annotations

import importlib
import pkgutil

from sqlalchemy import MetaData

import models
from models.base import Base


def metadata() -> MetaData:
    """The models' metadata, complete."""
    for module in pkgutil.iter_modules(models.__path__):
        importlib.import_module(f"models.{module.name}")
    return Base.metadata
