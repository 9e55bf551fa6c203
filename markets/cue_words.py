"""Words beside a name that tell a company from a thing, a place or a person. Folded as `markets.tokens.fold` folds them.

`VERBS` and `NOUNS_AFTER` were chosen by hand from the words that follow unambiguous company names most often in business news.
"""

LEGAL_AFTER = frozenset("inc incorporated corp corporation plc ltd limited llc co cos company nv ag spa".split())
LEGAL_CAPITALS = frozenset({"SA", "SE", "AB", "ASA", "LP"})

UNITS = frozenset(
    """bank capital financial finance credit motor motors international usa america americas north south us uk europe european
    china india japan asia canada mexico brazil germany services energy pharmaceuticals systems communications
    technologies technology electric healthcare health air airlines insurance life securities asset investment
    management oil gas foods stores group holdings corp pharma pharmaceutical therapeutics bio biosciences biopharma
    biotech sciences medical resources petroleum elec tech semiconductor semiconductors networks software industries
    brands trust realty properties mining gold unit""".split()
)
"""Words between a name and its legal form that still mean the company or its unit: 'Barclays Bank plc'."""

BUSINESS = frozenset(
    """shares share stock stocks shareholders shareholder investors investor revenue revenues profit profits earnings sales
    quarter quarterly outlook guidance dividend buyback buybacks analyst analysts ceo cfo chief executive company firm retailer
    automaker carmaker maker chain bank lender insurer airline chipmaker drugmaker supplier suppliers acquisition merger takeover
    bid deal stake unit billion million nasdaq nyse ipo market valuation eps loss losses margin margins estimates bookings
    customers subscribers products workers employees recall lawsuit sued plant plants factory stores store brand chairman board
    bonds bondholders creditors subsidiary rival rivals competitor competitors group startup forecast forecasts merchandise
    branches fares jobs layoffs""".split()
)
"""Words of business, counted once each within a sentence's reach of the name."""

VERBS = frozenset(
    """said says reported reports posted posts announced announces plans planned agreed agrees expects expected shares stock raised
    raises cuts cut beat beats misses missed sees launches launched unveils unveiled buys bought acquires acquired sells
    sold recalls recalled sued sues names named appoints appointed hires hired lays warned warns won wins declares declared
    prices priced files filed closes closed opens opened signs signed forecast forecasts lowers lowered lifts lifted boosts
    boosted trims trimmed slashes slashed slows slowed pauses paused halts halted suspends suspended resumes resumed delays
    delayed ends ended exits exited enters entered joins joined adds added expands expanded extends extended builds built
    ships shipped delivers delivered makes made offers offered seeks sought wants wanted aims hopes considers considering
    mulls explores eyes nears completes completed scraps scrapped drops dropped shuts shuttered settles settled pays paid
    fined spins splits split takes took gets got gives gave loses lost gains gained faces faced falls fell rises rose slides
    slid slumps slumped sinks sank tumbles tumbled jumps jumped surges surged soars soared plunges plunged rallies rallied
    climbs climbed slips slipped rebounds reaches reached surpasses surpassed tops topped hits hit rejects rejected denies
    denied confirms confirmed proposes proposed awards awarded receives received introduces introduced showed shows tests
    tested develops developed invests invested borrows borrowed issues issued sets keeps kept maintains reaffirms reiterates
    withdraws withdrew orders ordered cancels cancelled canceled grounds grounded hikes hiked charges charged earns earned
    books booked apologises apologised apologizes apologized taps tapped replaces replaced ousts ousted promotes promoted
    restarts restarted matches overtakes overtook merges merged backs backed partners partnered licenses licensed originated
    set narrowed narrows widened widens swung swings misclassified admits admitted publishes published quadrupled tripled
    doubled stays ups leads readies goes went leaves left lends manages inks rolls removes restructures bets teams turns
    upgrades downgrades wrote writes spent spends tells told promises promised pledges pledged commits committed struggles
    struggled tries tried""".split()
)
"""What companies do in the news, in present and past, and the nouns of their shares, directly after the name."""

HELPERS = frozenset("has had have is was will would may could must can should to".split())
"""Words after the name that only say it acts."""

NOUNS_AFTER = frozenset(
    """profit profits revenue earnings sales shareholders shareholder investors executive executives exec boss head chief ceo cfo
    chairman founder spokesman spokeswoman spokesperson staff workers employees engineers engineer drivers pilots customers
    clients users subscribers members shoppers suppliers supplier dealers stores store plants plant factory jets planes trucks
    cars vehicles phones deal bid takeover merger acquisition stake unit board bonds bond debt results outlook guidance forecast
    dividend buyback lawsuit settlement recall outage merchants cards app apps flights branches stock shares brand""".split()
)
"""What companies have: 'Apple suppliers', 'Target stores'."""

FUNCTION = frozenset(
    """and & or but as for in on at by with from after before over under amid while when if that which who whose what how why
    vs versus than into up down near out still also not now again this first one its it are were be been being does did do the a
    an of among about against despite during since until through because although though where there here both all last next just
    already only even then so too yet ahead back like without within between""".split()
)
"""Words after a name that tell nothing of it."""

GOVERNED = frozenset(
    """a an the its their more fewer less new no all some another first two three four five six seven eight nine ten hundreds
    thousands millions for into out up down back off north south east west private""".split()
)
"""Words that follow a verb and hardly ever a plural noun."""

FUNDS = frozenset("etf etfs etn fund funds trust index contrafund qqq ucits".split())
"""Last words of a fund's or an index's name."""

OPENERS = frozenset(
    """even former new big tech wall us u s america's american european chinese british japanese german french global shares stock
    buying selling using why how when where what once since today yesterday meanwhile separately elsewhere billionaire activist
    investor analysts shareholders workers users customers is does can should will did regulators prosecutors lawmakers unions
    """.split()
)
"""Words that often begin a sentence before a company's name."""

ROLES_BEFORE = frozenset(
    """airline carrier retailer automaker carmaker truckmaker planemaker chipmaker drugmaker lender bank insurer brewer miner
    broker chain maker owner operator designer developer giant rival rivals competitor parent firm company group network startup
    airlines retailers automakers carmakers chipmakers drugmakers lenders banks insurers miners companies firms
    bellwether utility restaurateur homebuilder toymaker conglomerate biotech subsidiary unit brand heavyweight titan peer
    peers""".split()
)
"""Words directly before a name that say what its company is: 'the airline United'."""

TRADES_BEFORE = frozenset(
    "bought buy buys sold sell sells upgraded upgrades downgraded downgrades acquire acquired owns own".split()
)
"""Words directly before a name that say somebody deals in its shares: 'investors sold Block'."""

HOLDING_BEFORE = frozenset(
    "shares stock stake shareholders investors owner parent maker ceo head chief founder chairman bonds stakes".split()
)
"""Words before 'of', 'in' or 'at' and a name: 'shares of Delta', 'a stake in Gap'."""

SPORTS = frozenset(
    """match goal goals coach league cup stadium final finals semifinal striker midfielder goalkeeper innings extra-time
    fans referee squad tournament championship playoffs playoff quarterback touchdown wicket batsman""".split()
)
"""Words of sport near a name: 'United lost the final'."""

IN_PLACE = frozenset("in near across outside around throughout".split())
"""Words directly before a place."""

STATES = frozenset(
    """alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho illinois indiana iowa
    kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana nebraska nevada ohio
    oklahoma oregon pennsylvania tennessee texas utah vermont virginia washington wisconsin wyoming ontario quebec alberta manitoba
    england scotland wales ireland pa calif conn""".split()
)
"""Single words that after a town's name and a comma say where it lies; New York and its like are told by their first word."""
STATE_FIRST = frozenset({"new", "north", "south", "west", "rhode"})

PLACE_AFTER = frozenset(
    """county city beach valley street avenue road foundation university college school center centre island river park stadium
    hospital church museum mountains bay government administration family theatre theater court award awards cup tour
    prize institute institution museum cathedral harbor lake hills town township village palace bridge station airport
    library memorial variant campus wharf department ministry party coalition caucus embassy""".split()
)
PERSON_BEFORE = frozenset(
    """mr mrs ms miss dr sir lord lady judge justice senator sen rep representative congressman congresswoman premier president
    governor gov mayor minister secretary king queen prince princess pope rev reverend captain capt general gen sergeant
    sgt detective officer professor prof coach actor actress singer director attorney""".split()
)
ROLE_BEFORE = frozenset(
    """ceo cfo coo cto chairman retailer automaker carmaker rival rivals giant maker chain bank lender insurer airline
    chipmaker group and or of at by for with from to in on vs versus the""".split()
)
DETERMINERS = frozenset("a an any this that each no every my your his her our their these those some another".split())

SHAPES = frozenset("shaped style sized like free flavoured flavored coloured colored themed".split())
"""Second halves of an adjective: 'chevron-shaped'."""

INDUSTRY_WORDS = {
    "retail": "retailer store stores shoppers apparel merchandise holiday comparable",
    "apparel": "handbag handbags jeans watch stores shoppers shoes fashion",
    "auto": "automaker carmaker vehicles vehicle car cars truck trucks suv evs electric dealers suvs pickup pickups",
    "motor": "automaker carmaker vehicles vehicle car cars truck trucks motorcycle",
    "software": "software cloud app platform users subscribers developers users data video",
    "interactive": "app apps users advertising advertisers social platform internet search dating",
    "semiconductor": "chip chips chipmaker semiconductor wafer",
    "hardware": "iphone ipad laptop laptops pc pcs smartphone smartphones device devices computers phone phones",
    "oil": "oil gas barrel barrels refinery crude drilling pipeline rig lng energy",
    "bank": "bank lender loans deposits mortgage lending banking branches lends overdraft",
    "consumer finance": "loans loan card cards lender credit borrowers accounts fees overdraft payments",
    "finance": "loans loan card cards lender credit borrowers accounts",
    "insur": "insurer insurance premiums underwriting policyholders claims policies",
    "air freight": "airline flights flight passengers passenger carrier aircraft pilots fares jets jet bag",
    "airline": "airline flights flight passengers passenger carrier aircraft pilots fares jets jet bag",
    "biotech": "drug drugs trial fda patients therapy drugmaker vaccine",
    "pharma": "drug drugs trial fda patients therapy drugmaker vaccine",
    "life sciences": "instruments lab labs diagnostics",
    "restaurant": "restaurant restaurants menu diners franchise burger",
    "payment": "card cards payments payment merchants network debit credit bitcoin",
    "transaction": "card cards payments payment merchants network debit credit bitcoin",
    "media": "network studio streaming tv broadcaster viewers film films",
    "entertainment": "network studio streaming game games tv viewers film films",
    "aerospace": "jets jet aircraft defense pentagon planes",
    "building": "heating cooling conditioners conditioning heat-pump lifts elevators",
    "chemical": "chemicals chemical plastics fertiliser fertilizer",
    "steel": "steel mill steelmaker tariffs",
    "metal": "mine mines ore copper aluminum gold miner",
    "utilit": "utility power electricity customers grid reactor",
    "hotel": "hotels hotel rooms resort casino cruise",
    "real estate": "reit properties tenants lease apartments offices",
    "reit": "reit properties tenants lease apartments offices mall",
    "distill": "beer beers brewer brewers wine wines spirits whiskey tequila",
    "brewer": "beer beers brewer brewers wine wines spirits whiskey",
    "cable": "broadband subscribers internet cable",
}
"""Words of a trade, by a part of the industry's or sector's name."""
