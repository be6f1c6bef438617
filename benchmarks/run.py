"""Run every benchmark that needs no GPU, one after the other: `make bench`."""

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """
    Run all scripts beside this one and say which failed.

    Returns:
        0 if all ran to the end; a ratio below its bar is printed, not an error.
    """
    here = Path(__file__).parent
    scripts = [path for path in sorted(here.glob("*.py")) if path.stem not in ("run", "compare")]
    failed = []
    for script in scripts:
        print(f"\n== {script.stem}", flush=True)
        if subprocess.run([sys.executable, str(script)], cwd=here.parent, check=False).returncode:
            failed.append(script.stem)
    print(f"\n{len(scripts)} benchmarks, failed: {', '.join(failed) or 'none'}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
