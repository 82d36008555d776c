"""Apply a trained model to whole products.

python predict.py task=compress run=RUN input=scene.tif output=scene.nadir
python predict.py task=decompress run=RUN input=scene.nadir output=scene.tif
"""

from running.launch import launch


def main() -> None:
    """Entry point of the verb `predict`."""
    launch("predict")


if __name__ == "__main__":
    main()
