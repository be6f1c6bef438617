"""
Where every file comes from: digests of code and files, and the record each job leaves.

The Snakefile imports this package while it is parsed, so it imports the standard library only.
"""

from starloom.provenance.code import code_digest, module_digests
from starloom.provenance.files import file_digest, fingerprint, source_files
from starloom.provenance.record import Recorder, read_records

__all__ = [
    "Recorder",
    "code_digest",
    "file_digest",
    "fingerprint",
    "module_digests",
    "read_records",
    "source_files",
]
