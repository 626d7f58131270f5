"""Forms of the books of an expansion: which entries a file of them must have, whoever wrote it, and of which types."""

from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from augkit.core.arrays import JsonObject

MOST_SHARDS = 1_000_000
Form = Literal["job", "marker", "done"]

_Count = Annotated[int, Field(ge=0, le=10**15)]
_Facts = tuple[_Count, str]  # size and hash of a file


class _Entries(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class _Part(_Entries):
    sources: _Count
    shards: Annotated[int, Field(ge=0, le=MOST_SHARDS)]
    plan: Annotated[_Facts, Field(strict=False)]
    folders: dict[str, Annotated[str, Field(pattern=r"^[^./\x00][^/\x00]*$")]] = Field(default_factory=dict)


class _Job(_Entries):
    sources: dict[str, int | str]
    parts: list[_Part]


class _Rejected(_Entries):
    id: str
    source: str
    copy_number: int | None = Field(alias="copy")
    reason: str


class _Marker(_Entries):
    shard: _Count
    split: str | None
    sources: _Count
    written: _Count
    copied: _Count
    rejected: list[_Rejected]
    seen: list[Annotated[tuple[str, str, str], Field(strict=False)]]
    files: dict[str, Annotated[_Facts, Field(strict=False)]]
    profiles: dict[str, _Count] = Field(default_factory=dict)


class _Done(_Entries):
    planned: _Count
    sources: _Count
    written: _Count
    copied: _Count
    rejected: _Count
    leaks: _Count
    files: dict[str, Annotated[_Facts, Field(strict=False)]]
    job_sha256: str
    markers_sha256: str


_FORMS: dict[Form, type[_Entries]] = {"job": _Job, "marker": _Marker, "done": _Done}


@cache
def _checker(form: Form) -> TypeAdapter[_Entries]:
    return TypeAdapter(_FORMS[form])


def of_form(value: JsonObject | None, form: Form) -> JsonObject | None:
    """Return what a file of the books holds, or None where it is not of its form: it counts as damaged."""
    if value is None:
        return None
    try:
        _checker(form).validate_python(value)
    except ValidationError:
        return None
    return value
