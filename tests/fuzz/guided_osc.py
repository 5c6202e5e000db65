"""The OSC fuzzer, guided by coverage: `python -m tests.fuzz.guided_osc -runs=1000000 [CORPUS]`.

Needs the extra `fuzz` (atheris); options are libFuzzer's own. What is fed, and what may not come
of it, is tests/fuzz/fuzz_osc.py.
"""

import sys

import atheris

with atheris.instrument_imports(include=["cuems"]):
    from tests.fuzz.fuzz_osc import feed

MAX_LEN = "-max_len=4096"
HUNG = "-timeout=10"

if __name__ == "__main__":
    atheris.Setup([sys.argv[0], MAX_LEN, HUNG, *sys.argv[1:]], feed)
    atheris.Fuzz()
