"""What an order weighs on disk, which index serves what, and what partitions would change."""

from collections.abc import Callable, Mapping

from dev.bench import counters, crowd, partitions, trades, world
from dev.bench.counters import PREFIX
from dev.bench.library import Library
from dev.bench.options import Options
from dev.bench.report import Part, Table, say, size

_TABLES = ("posting", "entry", "hold", "holdlot", "outcome")
_GROWING = {*_TABLES, "limit", "lot", "refused", "member"}
_ORDERS_EACH = 250
_CLIENTS = 8
_NAMED = 4


def measure(options: Options, library: Library) -> list[Part]:
    """Weigh real orders in an empty database, and all of them in the large one."""
    with library.empty():
        say("weight: placing orders in an empty database")
        placed = _placed(20 if options.quick else _ORDERS_EACH)
    with library.large() as population:
        say("weight: which index serves what")
        actions = trades.all_of(population)
        served = {name: counters.indexes_of(action) for name, action in actions.items()}
        weights = counters.relation_bytes()
        tables = counters.tables_of_indexes()
        trial = partitions.measure(options)
        orders = population.orders
        indexes = _indexes(weights, tables, served, orders)
    note = (
        f"“Placed” are orders placed one by one by {_CLIENTS} clients at the same time, with hold, "
        f"binding and capture; “written” are the {orders:,} of the large database."
    )
    return [
        _order(placed, weights, tables, orders),
        indexes,
        *trial,
        note,
    ]


def _placed(each: int) -> dict[str, float]:
    """Return bytes an order of each table and index, when clients place orders."""
    stage = world.open_stage()
    department = world.add_department(stage, root=world.add_root(stage), members=_CLIENTS)
    before = counters.relation_bytes()

    def buy(client: int, ready: Callable[[], None]) -> None:
        ready()
        for _ in range(each):
            trades.order(department.members[client], stage)

    crowd.together(buy, clients=_CLIENTS)
    return {
        name: (after - before.get(name, 0)) / (each * _CLIENTS)
        for name, after in counters.relation_bytes().items()
    }


def _order(
    placed: Mapping[str, float], weights: Mapping[str, int], tables: Mapping[str, str], orders: int
) -> Table:
    lines = []
    total = [0.0] * 4
    for table in _TABLES:
        relation = PREFIX + table
        indexes = [index for index, of in tables.items() if of == relation]
        figures = [
            placed[relation],
            sum(placed[index] for index in indexes),
            weights[relation] / orders,
            sum(weights[index] for index in indexes) / orders,
        ]
        total = [one + other for one, other in zip(total, figures, strict=True)]
        lines.append([table, *map(_bytes, figures), size(sum(figures[2:]) * orders)])
    lines.append(["all", *map(_bytes, total), size(sum(total[2:]) * orders)])
    heading = ["table", "placed: rows", "its indexes", "written: rows", "its indexes"]
    return Table("Bytes an order", [*heading, f"in all, {orders:,} orders"], lines)


def _indexes(
    weights: Mapping[str, int],
    tables: Mapping[str, str],
    served: Mapping[str, Mapping[str, int]],
    orders: int,
) -> Table:
    lines = []
    unique = counters.unique_indexes()
    for index, table in sorted(tables.items(), key=lambda pair: -weights[pair[0]]):
        if table.removeprefix(PREFIX) not in _GROWING:
            continue
        keeps = ["uniqueness"] if index in unique else []
        users = keeps + [name for name, scans in served.items() if index in scans]
        more = f" and {len(users) - _NAMED} more" if len(users) > _NAMED else ""
        lines.append(
            [
                table.removeprefix(PREFIX),
                index.removeprefix(PREFIX),
                size(weights[index]),
                _bytes(weights[index] / orders),
                ", ".join(users[:_NAMED]) + more or "nothing",
            ]
        )
    heading = ["table", "index", "in all", "bytes an order", "serves"]
    return Table("Which index serves what", heading, lines)


def _bytes(number: float) -> str:
    return f"{number:,.0f}"
