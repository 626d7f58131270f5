"""Lines of the lineage: an output's facts as one line of JSON, put together from parts that are JSON already."""

from json.encoder import encode_basestring_ascii
from typing import NamedTuple

from augkit.core.key import Key
from augkit.core.plan import Plan
from augkit.datasets import Record
from augkit.expand.origin import Origin
from augkit.storage.sealed_json import compact


class Facts(NamedTuple):
    """An output's facts beside its record.

    Args:
        copy: its number, None of a source that is passed through.
        key: what its plan was drawn with.
        sha256, bytes: of its file.
        plan: what was done.
        encoding: of its file.
    """

    copy: int | None
    key: Key | None
    sha256: str
    bytes: int
    plan: Plan | None
    encoding: str


def line_of(id: str, origin: Origin, record: Record, facts: Facts, executor: str) -> str:
    """Return the line of an output; the id comes first, so that it is found without reading all of it."""
    key, plan = facts.key, "null" if facts.plan is None else facts.plan.to_json()
    drawn = (
        "null"
        if key is None
        else f'{{"seed":{key.seed},"sample":{_text(key.sample)},"copy":{key.copy},"epoch":{key.epoch}}}'
    )
    return (
        f'{{"id":{_text(id)},{origin.head},"copy":{"null" if facts.copy is None else facts.copy},"key":{drawn},'
        f'"sha256":"{facts.sha256}","bytes":{facts.bytes},"record":{_record(record)},"plan":{plan},'
        f'"executor":{_text(executor)},"encoding":{_text(facts.encoding)},{origin.tail}\n'
    )


def _record(record: Record) -> str:
    if record.targets or record.has_mask or record.attributes:
        return compact(record.described())
    height, width = record.size
    return f'{{"name":{_text(record.name)},"size":[{height},{width}]}}'


def _text(text: str) -> str:
    """Return a text as JSON, as `compact` would."""
    return encode_basestring_ascii(text)
