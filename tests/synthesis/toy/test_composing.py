import subprocess
import sys
from pathlib import Path

import numpy as np

from synthesis.toy.composing import compose


def test_a_frame_is_the_value_of_its_cells_and_the_texture() -> None:
    cells = np.array([[0, 1], [2, 1]])
    texture = np.array([[[0.0], [0.5]], [[-0.25], [0.25]]])
    values = np.array([[9.0], [1.0], [2.0]])
    assert compose(cells, texture, values)[..., 0].tolist() == [[9.0, 1.5], [1.75, 1.25]]


def test_reading_products_imports_nothing_that_draws_them(repository: Path) -> None:
    code = "import sys, synthesis.toy.layout; print([m for m in sys.modules if m.startswith(('scipy', 'torch'))])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
