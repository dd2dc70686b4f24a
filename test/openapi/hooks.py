"""Bodies that OpenAPI has no words for: frames of tasks, and packed results (src/api/{frames,reports}.ts)."""

import json
import struct

import schemathesis
from hypothesis import strategies as st


def frame(task):
    header = json.dumps({"id": str(task[0]), "kind": "sha512", "spec": {"iterations": task[1]}}).encode()
    return struct.pack(">II", len(header), len(task[2])) + header + task[2]


tasks = st.tuples(st.uuids(), st.integers(1, 2**53 - 1), st.binary(max_size=200))
schemathesis.openapi.media_type(
    "application/vnd.tm.frames",
    st.lists(tasks, max_size=5, unique_by=lambda task: task[0]).map(lambda some: b"".join(map(frame, some))),
)


def result(report):
    return report[0].bytes + struct.pack(">II", report[1], len(report[2])) + report[2]


reports = st.tuples(st.uuids(), st.integers(1, 2**32 - 1), st.binary(min_size=64, max_size=64))
schemathesis.openapi.media_type(
    "application/vnd.tm.results",
    st.lists(reports, min_size=1, max_size=5).map(lambda some: b"".join(map(result, some))),
)
