"""Fit a model, test the best checkpoint, print one table, leave a run folder.

python train.py experiment=compression_aid data.root=FOLDER model.quality=3
"""

from running.launch import launch


def main() -> None:
    """Entry point of the verb `train`."""
    launch("train")


if __name__ == "__main__":
    main()
