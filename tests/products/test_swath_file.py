import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from products.swath_companion import open_swath_file
from products.window import Window
from tests.fakes import swaths

WINDOW = Window(35, 5, 10, 12)


@pytest.mark.parametrize("hdf5", [False, True])
def test_a_pickled_file_opens_anew(tmp_path, hdf5):
    file = open_swath_file(swaths.write(tmp_path, "viirs", hdf5=hdf5))
    name = next(name for name in file.fields if name.endswith("I2"))
    expected = swaths.reflectance("viirs", 375, 2, 64)[1][35:45, 5:17]
    np.testing.assert_array_equal(file.read(name, WINDOW), expected)
    copy = pickle.loads(pickle.dumps(file))
    file.close()
    assert file._handle is None
    np.testing.assert_array_equal(copy.read(name, WINDOW), expected)
    np.testing.assert_array_equal(file.read(name, WINDOW), expected)


@pytest.mark.parametrize("hdf5", [False, True])
def test_no_handle_is_shared_with_a_forked_process(tmp_path, hdf5):
    file = open_swath_file(swaths.write(tmp_path, "viirs", hdf5=hdf5))
    name = next(name for name in file.fields if name.endswith("I2"))
    expected = file.read(name, WINDOW)
    child = os.fork()
    if child == 0:
        same = file._handle is None and np.array_equal(file.read(name, WINDOW), expected)
        os._exit(0 if same else 1)
    assert file._handle is None
    np.testing.assert_array_equal(file.read(name, WINDOW), expected)
    _, status = os.waitpid(child, 0)
    assert status == 0


@pytest.mark.parametrize("hdf5", [False, True])
def test_threads_read_one_file(tmp_path, hdf5):
    file = open_swath_file(swaths.write(tmp_path, "viirs", hdf5=hdf5))
    name = next(name for name in file.fields if name.endswith("M11"))
    whole = swaths.reflectance("viirs", 750, 2, 64)[-1]
    windows = [Window(row, column, 5, 7) for row in range(0, 27, 2) for column in range(0, 25, 3)]
    with ThreadPoolExecutor(4) as pool:
        for window, pixels in zip(
            windows, pool.map(lambda window: file.read(name, window), windows), strict=True
        ):
            rows, columns = window.inside(Window(0, 0, *whole.shape))
            np.testing.assert_array_equal(pixels, whole[rows, columns])


@pytest.mark.parametrize("window", [Window(-1, 0, 4, 4), Window(60, 0, 8, 8), Window(0, 60, 8, 8)])
def test_a_window_beyond_the_field_is_a_mistake_of_the_caller(tmp_path, window):
    file = open_swath_file(swaths.write(tmp_path, "viirs"))
    with pytest.raises(ValueError, match="is not inside of"):
        file.read("375m Surface Reflectance Band I1", window)
