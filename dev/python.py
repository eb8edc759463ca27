"""The environment variables under which Python finds this tree, Saleor and the settings."""

import os
import sys
from pathlib import Path

from dev.paths import CACHE, ROOT
from dev.saleor import Checkout


def environment(checkout: Checkout | None, *, settings: str) -> dict[str, str]:
    """Our environment, with what Python and Django look for added.

    Args:
        checkout: the Saleor to put on the path; None for none.
        settings: the settings module.
    """
    places = [str(ROOT), *([str(checkout.root)] if checkout else [])]
    places += filter(None, [os.environ.get("PYTHONPATH")])
    variables = {
        **os.environ,
        # `python` and `pytest` mean this environment's, whether it is activated or not.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(places),
        # Saleor is big, and compiling it at each start takes seconds. Its checkout isn't ours to
        # write into, and may be read-only.
        "PYTHONPYCACHEPREFIX": str(CACHE / "bytecode"),
        "DJANGO_SETTINGS_MODULE": settings,
    }
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    if checkout:
        variables["SALEOR_ROOT"] = str(checkout.root)
    return variables
