"""Make a dataset.

python generate.py generator=toy_latent output=FOLDER generator.seed=3 generator.num_frames=5
"""

from running.launch import launch


def main() -> None:
    """Entry point of the verb `generate`."""
    launch("generate")


if __name__ == "__main__":
    main()
