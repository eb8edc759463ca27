"""The store that the program is for: one channel, two products, one way of delivery."""

from dataclasses import dataclass

from dev.demo.api import Session

CURRENCY = "USD"
CHANNEL = "acme-store"
SHIPPING = "5.00"
PRICES = {"quarter-zip": "65.00", "water bottle": "15.00"}
ADDRESS = {
    "firstName": "Acme",
    "lastName": "Corp",
    "streetAddress1": "2000 Main Street",
    "city": "Columbus",
    "countryArea": "OH",
    "postalCode": "43215",
    "country": "US",
}

_TAX_PERCENT = 8.0
_STOCK = 100_000


@dataclass(frozen=True, slots=True)
class Shop:
    """What a shopper needs to know of the store; ids are Saleor's global ids."""

    channel_id: str
    channel: str
    variants: dict[str, str]
    card_token: str


def set_up(staff: Session) -> Shop:
    """Make the store, empty-handed: nothing of it has to exist before."""
    staff.run("ShopSettingsUpdate", input={"enableAccountConfirmationByEmail": False})
    warehouse = staff.run(
        "WarehouseCreate", input={"name": "Acme stock", "slug": "acme-stock", "address": ADDRESS}
    )["warehouse"]["id"]
    channel = staff.run("ChannelCreate", input=_channel(warehouse))["channel"]
    _charge_taxes(staff, configuration=channel["taxConfiguration"]["id"])
    _deliver(staff, channel_id=channel["id"], warehouse=warehouse)
    kind = staff.run(
        "ProductTypeCreate",
        input={"name": "Merchandise", "slug": "merchandise", "isShippingRequired": True},
    )["productType"]["id"]
    category = staff.run("CategoryCreate", input={"name": "Acme gear"})["category"]["id"]
    variants = {
        name: _sell(
            staff, name, kind=kind, category=category, channel_id=channel["id"], warehouse=warehouse
        )
        for name in PRICES
    }
    card_token = staff.run(
        "AppCreate", input={"name": "Card payments", "permissions": ["HANDLE_PAYMENTS"]}
    )["authToken"]
    return Shop(channel["id"], channel["slug"], variants, card_token)


def _channel(warehouse: str) -> dict[str, object]:
    return {
        "name": "Acme store",
        "slug": CHANNEL,
        "currencyCode": CURRENCY,
        "defaultCountry": "US",
        "isActive": True,
        "addWarehouses": [warehouse],
        "orderSettings": {
            "automaticallyConfirmAllNewOrders": True,
            "markAsPaidStrategy": "TRANSACTION_FLOW",
        },
        # Budget is held when it is applied and spent when the order is placed.
        "paymentSettings": {"defaultTransactionFlowStrategy": "AUTHORIZATION"},
    }


def _charge_taxes(staff: Session, *, configuration: str) -> None:
    staff.run(
        "TaxConfigurationUpdate",
        id=configuration,
        input={
            "chargeTaxes": True,
            "taxCalculationStrategy": "FLAT_RATES",
            "displayGrossPrices": True,
            "pricesEnteredWithTax": True,
        },
    )
    staff.run("TaxRatesUpdate", country="US", rates=[{"rate": _TAX_PERCENT}])


def _deliver(staff: Session, *, channel_id: str, warehouse: str) -> None:
    zone = staff.run(
        "ShippingZoneCreate",
        input={
            "name": "United States",
            "countries": ["US"],
            "addWarehouses": [warehouse],
            "addChannels": [channel_id],
        },
    )["shippingZone"]["id"]
    method = staff.run(
        "ShippingPriceCreate", input={"name": "Ground", "shippingZone": zone, "type": "PRICE"}
    )["shippingMethod"]["id"]
    listing = {"channelId": channel_id, "price": SHIPPING}
    staff.run("ShippingPriceListing", id=method, input={"addChannels": [listing]})


def _sell(
    staff: Session, name: str, *, kind: str, category: str, channel_id: str, warehouse: str
) -> str:
    """Put a product up for sale; returns the id of its only variant."""
    product = staff.run(
        "ProductCreate", input={"name": name.title(), "productType": kind, "category": category}
    )["product"]["id"]
    listing = {
        "channelId": channel_id,
        "isPublished": True,
        "isAvailableForPurchase": True,
        "visibleInListings": True,
    }
    staff.run("ProductListing", id=product, input={"updateChannels": [listing]})
    variant: str = staff.run(
        "VariantCreate",
        input={
            "product": product,
            "sku": name.replace(" ", "-"),
            "attributes": [],
            "stocks": [{"warehouse": warehouse, "quantity": _STOCK}],
        },
    )["productVariant"]["id"]
    price = {"channelId": channel_id, "price": PRICES[name]}
    staff.run("VariantListing", id=variant, input=[price])
    return variant
