"""How patient a transfer is. The values that are used stand in `conf/generator/download.yaml`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TransferLimits:
    """Patience of a transfer.

    Attributes:
        attempts: in a row that bring nothing new, before it is given up.
        first_wait_s: before the second attempt; doubled for each further one.
        longest_wait_s: between two attempts, also where the server asks for more.
        connect_s: for a connection to be made.
        read_s: for the next bytes to come.
        redirects: followed at most.
    """

    attempts: int = 6
    first_wait_s: float = 2.0
    longest_wait_s: float = 120.0
    connect_s: float = 20.0
    read_s: float = 120.0
    redirects: int = 8
