"""Message catalogues: Babel compiles every .po whose .mo is missing or older, msgfmt is not needed."""

from pathlib import Path

from babel.messages import mofile, pofile


def compile_catalogues(root: Path) -> int:
    """Compile what is out of date in the apps' and the root's locale folders; tell how many."""
    compiled = 0
    for source in sorted(
        (*root.glob("locale/*/LC_MESSAGES/*.po"), *root.glob("*/locale/*/LC_MESSAGES/*.po"))
    ):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalogue = pofile.read_po(file)
        unfinished = target.with_suffix(".mo.unfinished")
        with unfinished.open("wb") as file:
            mofile.write_mo(file, catalogue)
        unfinished.replace(target)
        compiled += 1
    return compiled


if __name__ == "__main__":
    compile_catalogues(Path(__file__).resolve().parent.parent)
