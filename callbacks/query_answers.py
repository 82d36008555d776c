"""What a procedure asks of query folders: which windows were chosen, how many people have answered."""

from collections.abc import Sequence
from pathlib import Path

from callbacks.active_learning import queries_folder
from products.label_studio import import_export
from products.query_folder import RECORD, edited_masks, read_queries

EXPORT = "label_studio_export"  # a file .json or a folder of this name in a query folder is taken in


def is_written(folder: Path, acquisitions: Sequence[str]) -> bool:
    """Whether every acquisition has its queries below a folder."""
    return all((queries_folder(folder, each) / RECORD).exists() for each in acquisitions)


def chosen_windows(folder: Path, acquisition: str) -> list[str]:
    """Ids of the windows that an acquisition asks about, in order."""
    return [query.id for query in read_queries(queries_folder(folder, acquisition)).queries]


def take_answers(folder: Path) -> tuple[int, int]:
    """Take in a Label Studio export where one lies in a query folder, and check all answers.

    Returns:
        Number of answers, number of queries.

    Raises:
        UserError: an answer that is none: another size, unknown classes, a damaged file.
    """
    for export in (folder / f"{EXPORT}.json", folder / EXPORT):
        if export.exists():
            import_export(export, folder)
    content = read_queries(folder)
    return len(edited_masks(folder, content.classes)), len(content.queries)
