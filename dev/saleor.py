"""A Saleor checkout: the environment that the plugin is installed into."""

import ast
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Checkout:
    """A directory that may hold Saleor's source."""

    root: Path

    @property
    def exists(self) -> bool:
        """Whether Saleor's source stands there."""
        return self._package.is_file() and (self.root / "conftest.py").is_file()

    @property
    def version(self) -> str:
        """Saleor's version, such as `3.23.28`.

        Raises:
            FileNotFoundError: there is no Saleor at this place.
        """
        found = re.search(r'^__version__ = "([^"]+)"', self._package.read_text(), re.MULTILINE)
        if found is None:
            raise ValueError(f"{self._package} doesn't say Saleor's version")
        return found[1]

    @property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits which change when a migration comes or goes.

        A branch moves on under the same version; the names alone tell, and are read quickly.
        """
        names = sorted(
            str(path.relative_to(self.root))
            for path in (self.root / "saleor").glob("**/migrations/*.py")
        )
        return hashlib.sha256("\n".join(names).encode()).hexdigest()[:8]

    @property
    def fixture_modules(self) -> list[str]:
        """The modules that hold Saleor's own test fixtures, as its root conftest lists them.

        Read, not imported: which modules there are differs between versions, and importing a
        second root conftest would also bring its command-line options.
        """
        conftest = self.root / "conftest.py"
        for statement in ast.parse(conftest.read_text()).body:
            match statement:
                case ast.Assign(targets=[ast.Name(id="pytest_plugins")], value=modules):
                    return list(ast.literal_eval(modules))
        raise ValueError(f"{conftest} lists no pytest_plugins")

    @property
    def _package(self) -> Path:
        return self.root / "saleor" / "__init__.py"
