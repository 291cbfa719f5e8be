"""Run benchmarks by name, or all of them, each in a process of its own."""

import pkgutil
import subprocess
import sys

import benchmarks


def names() -> list[str]:
    """List the benchmarks there are, in the order in which they run.

    Returns
    -------
    list of str
        Module names, sorted, without those that start with an underscore.
    """
    found = (module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return sorted(name for name in found if not name.startswith("_"))


def main(arguments: list[str]) -> int:
    """Run benchmarks one after another.

    Parameters
    ----------
    arguments : list of str
        Names of benchmarks, then options (from the first that starts with a dash) for each of them.

    Returns
    -------
    int
        0 where every bar was met, 1 where one was missed, 2 where a name is unknown.
    """
    known = names()
    first_option = next((i for i, a in enumerate(arguments) if a.startswith("-")), len(arguments))
    wanted, options = arguments[:first_option] or known, arguments[first_option:]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"No such benchmark: {', '.join(unknown)}. There are: {', '.join(known) or 'none'}.")
        return 2
    missed = []
    for name in wanted:
        print(f"== {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *options]
        if subprocess.run(command, check=False).returncode:
            missed.append(name)
    if missed:
        print(f"Missed: {', '.join(missed)}.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
