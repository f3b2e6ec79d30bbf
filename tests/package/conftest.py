"""staged: everything as it would be installed, below a temporary directory."""
import os
import subprocess

import pytest
from harness.daemon import bin_folder


@pytest.fixture(scope="session")
def staged(tmp_path_factory):
    root = tmp_path_factory.mktemp("staged")
    subprocess.run(["cmake", "--install", bin_folder().parent], env={**os.environ, "DESTDIR": str(root)}, check=True,
                   capture_output=True)
    return root
