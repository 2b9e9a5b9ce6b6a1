"""The file as entries, and what the database already knows beside it.

Content is what was read; Known is a picture of the database taken once, so that the checks look up references
in plain dictionaries.
"""

from dataclasses import dataclass, field
from typing import Self

from billing.models import LegalEntity, Location, MerchantAccount, Product
from billing.network_file import nodes, schema
from billing.network_file.nodes import Problem, Refused
from billing.network_file.shapes import SKIP, Entry
from crm.models import Account


@dataclass
class Content:
    """Entries by section, in the order of the file."""

    accounts: list[Entry] = field(default_factory=list)
    legal_entities: list[Entry] = field(default_factory=list)
    locations: list[Entry] = field(default_factory=list)
    products: list[Entry] = field(default_factory=list)

    @classmethod
    def read(cls, text: str, found: list[Problem]) -> Self:
        """Read the text; problems of single values are added to `found`. Raises Refused."""
        root = nodes.read(text)
        if isinstance(root, nodes.Nothing):
            root = nodes.Keys(1, {}, {})
        entry = schema.FILE.read(root, "", found)
        if entry is SKIP:
            raise Refused(found)
        return cls(**{section: entry.values.get(section, []) for section in schema.FILE.keys})

    def merchants(self) -> "list[tuple[Entry, Entry]]":
        """(legal entity, merchant account) pairs."""
        return [
            (entity, merchant)
            for entity in self.legal_entities
            for merchant in entity.values.get("merchants", [])
        ]


@dataclass(frozen=True)
class Known:
    """What the database holds, by key."""

    accounts: dict[str, Account]
    legal_entities: dict[str, LegalEntity]
    merchants: dict[str, MerchantAccount]
    locations: dict[tuple[str, str], Location]
    products: dict[str, Product]

    @classmethod
    def load(cls) -> Self:
        return cls(
            accounts={account.key: account for account in Account.objects.select_related("policy")},
            legal_entities={
                entity.key: entity for entity in LegalEntity.objects.prefetch_related("tax_settings")
            },
            merchants={
                merchant.key: merchant for merchant in MerchantAccount.objects.select_related("legal_entity")
            },
            locations={
                (location.account.key, location.key): location
                for location in Location.objects.select_related("account")
            },
            products={product.programme: product for product in Product.objects.all()},
        )
