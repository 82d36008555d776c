import h5py
import numpy as np
import pytest

from errors import UserError
from products.sensor import Sensor
from products.swath_hdf5 import Hdf5SwathReader
from products.window import Window
from tests.fakes import swaths


def test_the_demonstration_layout_is_left_to_its_reader(tmp_path):
    with h5py.File(tmp_path / "a.mat", "w") as file:
        file["im250"] = np.zeros((2, 8, 8), "int16")
    assert not Hdf5SwathReader().recognises(tmp_path / "a.mat")


def test_a_file_that_is_cut_off_is_recognised_and_refused(tmp_path):
    path = swaths.write(tmp_path, "viirs", hdf5=True)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(UserError, match="found a damaged HDF5 file"):
        swaths.sensor("viirs").open(path)


def test_bands_in_the_groups_of_a_netcdf_file(tmp_path):
    """Without HDF-EOS, with names as they are in HDF4."""
    with h5py.File(tmp_path / "VJ109.A2024070.0436.002.x.nc", "w") as file:
        for metres in (375, 750):
            pixels = swaths.reflectance("viirs", metres, 2, 64)
            for name, band in zip(swaths.BANDS["viirs"][metres], pixels, strict=True):
                file[f"observation_data/{name}"] = band
    with swaths.sensor("viirs").open(tmp_path / "VJ109.A2024070.0436.002.x.nc") as product:
        assert product.tags["PLATFORM"] == "NOAA-20"
        pixels = product.read(375, Window(0, 0, 64, 64))
        np.testing.assert_array_equal(pixels, swaths.reflectance("viirs", 375, 2, 64))


def test_map_grids_of_hdf_eos5(tmp_path):
    """As VNP09GA has them: 1 km and 500 m on one sinusoidal map, so that their relation is known."""
    texts = []
    with h5py.File(tmp_path / "VNP09GA.A2019021.h18v04.001.x.h5", "w") as file:
        for number, (name, band, size) in enumerate(
            (("VNP_Grid_1km_2D", "M1", 12), ("VNP_Grid_500m_2D", "I1", 24)), 1
        ):
            data = file.create_dataset(
                f"HDFEOS/GRIDS/{name}/Data Fields/SurfReflect_{band}_1",
                data=np.full((size, size), number, "int16"),
            )
            data.attrs["scale_factor"] = 1e-4
            texts.append(
                f'\tGROUP=GRID_{number}\n\t\tGridName="{name}"\n\t\tXDim={size}\n\t\tYDim={size}\n'
                "\t\tUpperLeftPointMtrs=(0.000000,5559752.598333)\n\t\tLowerRightMtrs=(11119.505197,5548633.093136)\n"
                "\t\tProjection=HE5_GCTP_SNSOID\n\t\tProjParams=(6371007.181000,0,0,0,0,0,0,0,0,0,0,0,0)\n"
                f'\t\tGROUP=DataField\n\t\t\tDataFieldName="SurfReflect_{band}_1"\n\t\tEND_GROUP=DataField\n'
                f"\tEND_GROUP=GRID_{number}\n"
            )
        file["HDFEOS INFORMATION/StructMetadata.0"] = "".join(texts)
    bands = {
        "I1": {"ground_sample_distance_m": 500, "source": "SurfReflect_I1"},
        "M1": {"ground_sample_distance_m": 1000, "source": "SurfReflect_M1"},
    }
    sensor = Sensor(
        name="viirs_grid", bands=bands, dtype="int16", nodata=-28672, valid_range=[-100, 16000], scale=1e-4,
        readers=[Hdf5SwathReader()],
    )  # fmt: skip
    with sensor.open(tmp_path / "VNP09GA.A2019021.h18v04.001.x.h5") as product:
        assert product.grids[500].transform == pytest.approx(
            (463.312717, 0, 0, 0, -463.312717, 5559752.598333)
        )
        assert product.grids[500].crs == product.grids[1000].crs != ""
        assert product.relation(1000).factor == 2
        assert product.read(1000, Window(3, 3, 2, 2)).tolist() == [[[1, 1], [1, 1]]]
