"""Reads receipts, photographed or as PDF, into a table of what was bought.

python examples/applications/receipt_reader/receipt_reader.py receipts/* > bought.csv
"""

import argparse
import asyncio
import csv
import mimetypes
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Self, cast

from pydantic import BaseModel, Field, StringConstraints, ValidationError, model_validator

from mirascope import DocumentPart, ImagePart, Messages, errors, llm

INSTRUCTIONS = """You read receipts. Take over names as they are printed.
Amounts are those of whole lines; taxes that are added and discounts are items too, discounts with
a negative amount."""


class Item(BaseModel):
    name: str
    amount: Decimal


class Receipt(BaseModel):
    shop: str
    day: date
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] = Field(
        description="The ISO 4217 code, such as EUR"
    )
    items: list[Item] = Field(min_length=1)
    total: Decimal

    @model_validator(mode="after")
    def adds_up(self) -> Self:
        """What a model misreads mostly shows here; it is told so, and looks again."""
        if (found := sum(item.amount for item in self.items)) != self.total:
            raise ValueError(f"the items add up to {found}, and not to the total of {self.total}")
        return self


@llm.call(
    provider="openai",
    model="gpt-4o-mini",
    response_model=Receipt,
    validation_retries=2,
    call_params={"temperature": 0, "timeout": 60},
)
async def read(receipt: ImagePart | DocumentPart) -> Messages.Type:
    return [Messages.System(INSTRUCTIONS), Messages.User(["Read this receipt.", receipt])]


def part(file: Path) -> ImagePart | DocumentPart:
    """The file as part of a prompt."""
    media_type, _ = mimetypes.guess_type(file)
    if media_type == "application/pdf":
        return DocumentPart(media_type=media_type, document=file.read_bytes())
    if media_type and media_type.startswith("image/"):
        return ImagePart(media_type=media_type, image=file.read_bytes(), detail="high")
    raise ValueError("this is neither an image nor a PDF")


async def receipt_or_problem(file: Path) -> Receipt | str:
    """One that cannot be read is no reason to give the others up."""
    try:
        return await read(part(file))
    except ValidationError as error:
        return "; ".join(problem["msg"] for problem in error.errors())
    except (OSError, ValueError, llm.BudgetExceeded) as error:
        return str(error)
    except Exception as error:
        kind = errors.describe(error).kind
        return f"{type(error).__name__ if kind == 'unknown' else kind.replace('_', ' ')}: {error}"


async def read_all(files: list[Path], usd: float) -> bool:
    """Write a table of all receipts; whether each could be read."""
    with llm.limit(concurrency=4), llm.budget(usd=usd) as budget:
        results = await asyncio.gather(*map(receipt_or_problem, files))
    table = csv.writer(sys.stdout)
    table.writerow(["file", "shop", "day", "item", "amount", "currency"])
    for file, result in zip(files, results, strict=True):
        if isinstance(result, str):
            print(f"{file}: {result}", file=sys.stderr)
            continue
        for item in result.items:
            row = [file.name, result.shop, result.day, item.name, item.amount, result.currency]
            table.writerow(row)
    print(f"{budget.spent.calls} calls, ${budget.spent.usd:.4f}", file=sys.stderr)
    return not any(isinstance(result, str) for result in results)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="an image or a PDF")
    parser.add_argument("--model", default="openai/gpt-4o-mini", help="PROVIDER/MODEL")
    parser.add_argument("--usd", type=float, default=1.0, help="what may be spent at most")
    options = parser.parse_args()
    provider, _, model = options.model.partition("/")
    with llm.context(provider=cast(llm.Provider, provider), model=model):
        all_read = asyncio.run(read_all(options.files, options.usd))
    sys.exit(not all_read)


if __name__ == "__main__":
    main()
