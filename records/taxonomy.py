"""The closed lists a reading may use: event types, tags and scopes.

A value outside these lists is an error at the border, never a new category. Adding a member is a schema change:
`EVENT_TAXONOMY_VERSION` moves, and stored events keep the version they were labelled under.
"""

from enum import StrEnum
from types import MappingProxyType

EVENT_TAXONOMY_VERSION = 1


class EventType(StrEnum):
    """What happened, by the news that a company or a market receives. One per article: its main event."""

    EARNINGS_RESULTS = "earnings_results"
    GUIDANCE = "guidance"
    MERGER_ACQUISITION = "merger_acquisition"
    DIVESTITURE_RESTRUCTURING = "divestiture_restructuring"
    CAPITAL_RETURN = "capital_return"
    FINANCING = "financing"
    BANKRUPTCY_DISTRESS = "bankruptcy_distress"
    MANAGEMENT_CHANGE = "management_change"
    OWNERSHIP_STAKE = "ownership_stake"
    REGULATORY_APPROVAL = "regulatory_approval"
    REGULATORY_ACTION = "regulatory_action"
    LITIGATION = "litigation"
    LEGISLATION_POLICY = "legislation_policy"
    PRODUCT_LAUNCH = "product_launch"
    PRODUCT_RECALL_SAFETY = "product_recall_safety"
    CONTRACT_PARTNERSHIP = "contract_partnership"
    CYBER_INCIDENT = "cyber_incident"
    SUPPLY_PRODUCTION = "supply_production"
    LABOR_DISPUTE = "labor_dispute"
    ACCIDENT_DISASTER = "accident_disaster"
    ANALYST_RATING = "analyst_rating"
    CREDIT_RATING = "credit_rating"
    INDEX_CHANGE = "index_change"
    MONETARY_POLICY = "monetary_policy"
    MACRO_DATA = "macro_data"
    GEOPOLITICS_TRADE = "geopolitics_trade"
    OPERATIONS_UPDATE = "operations_update"
    MARKET_COMMENTARY = "market_commentary"
    NOT_MARKET_RELEVANT = "not_market_relevant"


EVENT_DESCRIPTIONS = MappingProxyType(
    {
        EventType.EARNINGS_RESULTS: "a company reports quarterly or annual results",
        EventType.GUIDANCE: "a company sets, raises, cuts or withdraws its forecast, outside of a results report",
        EventType.MERGER_ACQUISITION: "a takeover, merger, bid or its collapse",
        EventType.DIVESTITURE_RESTRUCTURING: "a sale of a unit, spin-off, closure or cost-cutting plan",
        EventType.CAPITAL_RETURN: "a dividend or share buyback decision",
        EventType.FINANCING: "new shares, bonds, loans, an IPO or private funding",
        EventType.BANKRUPTCY_DISTRESS: "bankruptcy, default, going-concern doubt or a rescue",
        EventType.MANAGEMENT_CHANGE: "an executive or director joins, leaves or is replaced",
        EventType.OWNERSHIP_STAKE: "an activist, founder, fund or state buys or sells a stake",
        EventType.REGULATORY_APPROVAL: "a regulator approves or rejects a drug, product, deal or licence",
        EventType.REGULATORY_ACTION: "a probe, fine, sanction, antitrust case or order by an authority",
        EventType.LITIGATION: "a lawsuit, verdict or settlement between private parties",
        EventType.LEGISLATION_POLICY: "a law, budget, subsidy or government programme",
        EventType.PRODUCT_LAUNCH: "a new product, service, technology or trial result",
        EventType.PRODUCT_RECALL_SAFETY: "a recall, defect or safety warning",
        EventType.CONTRACT_PARTNERSHIP: "an order, supply contract, alliance or cooperation agreement",
        EventType.CYBER_INCIDENT: "a hack, data breach or outage",
        EventType.SUPPLY_PRODUCTION: "output, capacity, shortages or supply cuts, OPEC decisions included",
        EventType.LABOR_DISPUTE: "a strike, lockout, wage deal or unionisation",
        EventType.ACCIDENT_DISASTER: "a crash, fire, spill, storm or pandemic",
        EventType.ANALYST_RATING: "a broker changes a rating or price target",
        EventType.CREDIT_RATING: "an agency changes a credit rating or outlook",
        EventType.INDEX_CHANGE: "a stock joins or leaves an index",
        EventType.MONETARY_POLICY: "a central bank decides on rates, speaks or publishes minutes",
        EventType.MACRO_DATA: "inflation, jobs, growth or other economic statistics",
        EventType.GEOPOLITICS_TRADE: "war, sanctions, elections, tariffs or trade agreements",
        EventType.OPERATIONS_UPDATE: "sales, traffic, store, plant or strategy news not listed elsewhere",
        EventType.MARKET_COMMENTARY: "price moves, previews, opinions and round-ups without a new event",
        EventType.NOT_MARKET_RELEVANT: "no news for a company, sector or economy",
    }
)


class Tag(StrEnum):
    """The themes an article may be filed under; several per article."""

    ARTIFICIAL_INTELLIGENCE = "Artificial Intelligence"
    TECHNOLOGY_INNOVATION = "Technology & Innovation"
    CYBERSECURITY = "Cybersecurity & Data Privacy"
    REGULATION = "Regulation & Legislation"
    INFRASTRUCTURE_DEFENSE = "Infrastructure & Defense"
    SEMICONDUCTORS = "Semiconductors & Hardware"
    SOFTWARE_CLOUD = "Software & Cloud"
    TELECOM_MEDIA = "Telecom & Media"
    RETAIL = "Retail & E-commerce"
    CONSUMER_GOODS = "Consumer Goods"
    AUTOS = "Autos & Mobility"
    TRAVEL_LEISURE = "Travel & Leisure"
    TRANSPORT_LOGISTICS = "Transportation & Logistics"
    REAL_ESTATE = "Real Estate & Housing"
    INDUSTRIALS = "Industrials & Manufacturing"
    BANKING = "Banking & Lending"
    INSURANCE = "Insurance"
    ASSET_MANAGEMENT = "Asset Management & Markets"
    PAYMENTS = "Payments & Fintech"
    CRYPTO = "Cryptocurrency & Digital Assets"
    OIL_GAS = "Oil & Gas"
    UTILITIES = "Utilities & Power"
    CLIMATE = "Renewables & Climate"
    METALS_MINING = "Metals & Mining"
    AGRICULTURE_FOOD = "Agriculture & Food"
    PHARMA_BIOTECH = "Pharmaceuticals & Biotech"
    HEALTHCARE = "Healthcare & Medical Devices"
    EARNINGS = "Corporate Earnings"
    GUIDANCE = "Corporate Guidance"
    MERGERS = "Mergers & Acquisitions"
    GOVERNANCE = "Leadership & Governance"
    CAPITAL = "Capital Raising & Payouts"
    LITIGATION = "Litigation & Enforcement"
    ANTITRUST = "Antitrust & Competition"
    MONETARY_POLICY = "Monetary Policy & Rates"
    MACRO = "Inflation & Economic Data"
    TRADE = "Trade & Tariffs"
    GEOPOLITICS = "Geopolitics & Conflict"
    LABOR = "Labor & Employment"
    SUPPLY_CHAIN = "Supply Chain & Product Safety"


class Scope(StrEnum):
    """How far the news reaches. `NONE` means no listed company, sector or market is touched."""

    COMPANY = "company"
    SECTOR = "sector"
    MARKET = "market"
    NONE = "none"


MACRO_EVENT_TYPES = frozenset(
    {EventType.MONETARY_POLICY, EventType.MACRO_DATA, EventType.GEOPOLITICS_TRADE, EventType.LEGISLATION_POLICY}
)
"""Event types whose instrument is an index when no listed company is the subject."""
