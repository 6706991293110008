"""What all tables of a configuration have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo


class Table(BaseModel):
    """A table whose keys are those that it names, each of its own type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def named(table: Any, info: ValidationInfo) -> dict[str, Any]:
    """A table with a name; ValueError for anything else."""
    if not isinstance(table, dict) or not isinstance(table.get("name"), str):
        raise ValueError(f"the name of a {info.field_name}, or a table with a name, is needed")
    return table
