"""Evaluate a trained run, or a sweep of runs, and write a new folder with results.json and plots.

python test.py run=RUN data.root=OTHER_FOLDER
python test.py ckpt_path=FILE.ckpt
"""

from running.launch import launch


def main() -> None:
    """Entry point of the verb `test`."""
    launch("test")


if __name__ == "__main__":
    main()
