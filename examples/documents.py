"""A batch of documents: each is read by a checkpoint of its own, many at once, and one that is broken stops no other.

    python examples/documents.py             # receipts that it writes itself, one of them broken
    python examples/documents.py FOLDER      # the .txt files of a folder

What has been read is not read again when the batch runs again: mend the broken file and start it anew.
"""

import re
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel

import kitaru
from kitaru import checkpoint, flow

RECEIPTS = {
    "bakery.txt": "Bread 3.20\nRolls 2.40\nTotal 5.60\n",
    "books.txt": "Tides 18.00\nMoss 12.50\nTotal 30.50\n",
    "cafe.txt": "Tea 2.90\nTotal 29.00\n",
    "garage.txt": "Tyres 212.00\nWork 60.00\nTotal 272.00\n",
}


class Receipt(BaseModel):
    name: str
    items: dict[str, Decimal]
    total: Decimal


@checkpoint(cache=False)  # the folder may have changed
def load(folder: str) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(Path(folder).glob("*.txt"))}


@checkpoint
def read(name: str, text: str) -> Receipt:
    amounts = {what: Decimal(amount) for what, amount in re.findall(r"^(.+) (\d+\.\d\d)$", text, re.MULTILINE)}
    total = amounts.pop("Total")
    if sum(amounts.values()) != total:
        raise ValueError(f"the items make {sum(amounts.values())}, the total says {total}")
    kitaru.log(items=len(amounts), total=float(total))
    return Receipt(name=name, items=amounts, total=total)


@checkpoint
def report(receipts: list[Receipt], broken: list[str]) -> str:
    lines = [f"{receipt.name:12} {receipt.total:>8}" for receipt in receipts]
    lines += [f"{'sum':12} {sum(receipt.total for receipt in receipts):>8}", *(f"not read: {line}" for line in broken)]
    return "\n".join(lines)


@flow(retries=1)
def documents(folder: str) -> str:
    texts = load(folder)
    receipts, broken = [], []
    for name, future in zip(texts, read.map(texts.keys(), texts.values()), strict=True):
        try:
            receipts.append(future.result())
        except ValueError as error:
            broken.append(f"{name}: {error}")
    return report(receipts, broken)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        for name, text in RECEIPTS.items():
            Path(temporary, name).write_text(text, encoding="utf-8")
        print(documents.run(sys.argv[1] if len(sys.argv) > 1 else temporary).wait())
