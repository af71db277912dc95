"""Files that stay when the plug is pulled."""

from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage

from craiyon_site.environment import sync


class DurableFiles(FileSystemStorage):
    """A folder whose files are on the disk, and not only on their way there, once they are saved.

    A row that says "drawn" is committed after its files: were they still in memory when the plug is
    pulled, the grid would have come back empty, and nothing would draw it again.
    """

    def _save(self, name: str, content: Any) -> str:
        kept: str = super()._save(name, content)  # type: ignore[misc]
        path = Path(self.path(kept))
        root = Path(self.location)
        inside = [folder for folder in path.parents if folder.is_relative_to(root)]
        # The names of a file and of the folders made for it stand in the folders above.
        for place in (path, *inside):
            sync(place)
        return kept
