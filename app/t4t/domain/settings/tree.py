"""The tree itself: sections, fields, ranges, defaults. A default here holds on any computer; `presets` has those that are computed for one.

Every field says in one line what it does; units are in its name where a number alone would be misread.
"""

from __future__ import annotations

import enum
from typing import Annotated, Final

import msgspec

from t4t.domain.proxy_kind import ProxyKind
from t4t.domain.settings.meta import TIME_OF_DAY, Effect, number, plain

VERSION: Final = 1
"""Of the file; each step to a newer one is in `migrations`."""

MAX_CORES: Final = 64
MAX_TASKS: Final = 64


class Response(enum.Enum):
    """What the work does while something holds."""

    GO_ON = "go-on"
    GENTLE = "gentle"
    ONE_CORE = "one-core"
    PAUSE = "pause"


class Day(enum.Enum):
    """A day of the week."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


class Choice(enum.Enum):
    """What runs the virtual machines."""

    AUTO = "auto"
    VIRTUALBOX = "virtualbox"
    QEMU = "qemu"


EVERY_DAY: Final = tuple(Day)


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """A part of some days by the clock on the wall; one that ends no later than it starts goes on past midnight, into the day after."""

    days: Annotated[tuple[Day, ...], plain("The days on which it starts.")] = EVERY_DAY
    start: Annotated[str, msgspec.Meta(pattern=TIME_OF_DAY)] = "00:00"
    end: Annotated[str, msgspec.Meta(pattern=TIME_OF_DAY)] = "24:00"


class Span(Hours, frozen=True, kw_only=True):
    """Hours of the weekly schedule, and what the work does in them."""

    does: Response = Response.PAUSE


class When(msgspec.Struct, frozen=True, kw_only=True):
    """When it runs: what holds the work back."""

    in_use: Annotated[Response, plain("What the work does while you use the computer.")] = Response.GENTLE
    away_after_min: Annotated[float, number("You count as away after so long without mouse or keyboard.", 1, 60, "min")] = 5.0
    gentle_percent: Annotated[int, number("How much of what you give it the work gets while it runs gently.", 1, 100, "%")] = 50
    remote_session_counts: Annotated[bool, plain("A remote session or game streaming counts as using the computer.")] = True
    on_battery: Annotated[Response, plain("What the work does on battery.")] = Response.PAUSE
    battery_min_percent: Annotated[
        int, number("On mains the work goes on from this charge on; below it the battery is charged first.", 0, 100, "%", zero="at any charge")
    ] = 80
    power_saver: Annotated[Response, plain("What the work does while the system saves power.")] = Response.PAUSE
    full_screen: Annotated[Response, plain("What the work does during full screen, presentations and games.")] = Response.PAUSE
    programs: Annotated[tuple[str, ...], plain("Programs that pause the work while they run, by the names of their processes.")] = ()
    busy_slow_percent: Annotated[
        int, number("Other programs busier than this slow the work down (percent of the whole computer).", 0, 100, "%", zero="never")
    ] = 40
    busy_slow_after_s: Annotated[float, number("How long they must be that busy.", 1, 3600, "s")] = 30.0
    busy_pause_percent: Annotated[int, number("Other programs busier than this pause the work (percent of the whole computer).", 0, 100, "%", zero="never")] = (
        80
    )
    busy_pause_after_s: Annotated[float, number("How long they must be that busy.", 1, 3600, "s")] = 60.0
    busy_calm_s: Annotated[float, number("How long they must be calm before the work goes on as before.", 1, 3600, "s")] = 120.0
    hot_slow_c: Annotated[int, number("A hotter processor slows the work down.", 0, 120, "°C", zero="never", least=40)] = 85
    hot_pause_c: Annotated[int, number("A hotter processor pauses the work.", 0, 120, "°C", zero="never", least=40)] = 95
    hot_hold_min: Annotated[float, number("How long it must be cooler before the work goes on as before.", 1, 60, "min")] = 5.0
    schedule: Annotated[bool, plain("Follow the weekly schedule.")] = False
    spans: Annotated[tuple[Span, ...], plain("The weekly schedule: the first span that covers a moment decides.")] = ()
    otherwise: Annotated[Response, plain("What the work does outside all spans of the schedule.")] = Response.GO_ON
    cheap_hours: Annotated[tuple[Hours, ...], plain("Hours of cheap or clean electricity.")] = ()
    outside_cheap_hours: Annotated[Response, plain("What the work does outside the cheap hours, if there are any.")] = Response.PAUSE


class Resources(msgspec.Struct, frozen=True, kw_only=True):
    """How much it may use."""

    cores: Annotated[int, number("Processors of each virtual machine.", 1, MAX_CORES, effect=Effect.SAFE_POINT)] = 1
    cap_percent: Annotated[int, number("How much of each of these processors.", 1, 100, "%")] = 100
    tasks: Annotated[int, number("How many virtual machines run side by side.", 1, MAX_TASKS)] = 1
    memory_mib: Annotated[
        int, number("Memory of each virtual machine.", 0, 1024 * 1024, "MiB", zero="as much as the work asks for", least=128, effect=Effect.SAFE_POINT)
    ] = 0
    memory_free_mib: Annotated[int, number("Memory that must stay free for other programs.", 0, 1024 * 1024, "MiB", zero="no limit")] = 0
    disk_max_gib: Annotated[
        float,
        number(
            "Disk space for all work; projects send none that would need more, and nothing new is begun beyond it.", 0, 100_000, "GiB", zero="no limit", least=1
        ),
    ] = 0.0
    disk_free_gib: Annotated[float, number("Free disk space below which nothing runs: a saved state must always find room.", 1, 100_000, "GiB")] = 2.0
    checkpoint_min: Annotated[float, number("Running time between two checkpoints; a job may ask for more.", 1, 1440, "min")] = 10.0
    save_after_min: Annotated[float, number("A pause that lasts longer frees the memory: the machine is saved to disk.", 0, 1440, "min", zero="at once")] = 15.0
    vm_kib_s: Annotated[int, number("Network speed of each virtual machine.", 0, 10_000_000, "KiB/s", zero="no limit", least=8)] = 0


class Transfers(msgspec.Struct, frozen=True, kw_only=True):
    """Files from and to projects."""

    down_kib_s: Annotated[float, number("Speed of downloads.", 0, 10_000_000, "KiB/s", zero="no limit")] = 0.0
    up_kib_s: Annotated[float, number("Speed of uploads.", 0, 10_000_000, "KiB/s", zero="no limit")] = 0.0
    data_gib: Annotated[float, number("Data for transfers in each period; when it is used up they wait.", 0, 100_000, "GiB", zero="no limit")] = 0.0
    data_days: Annotated[int, number("The length of that period.", 1, 366, "days")] = 30
    metered: Annotated[bool, plain("Transfer files on metered networks too.")] = False
    proxy: Annotated[ProxyKind, plain("The way to the internet: as the system says, without a proxy, or by one of yours (http or socks5).")] = ProxyKind.SYSTEM
    proxy_host: Annotated[str, plain("The name of your own proxy; its login is set by t4t proxy-login.")] = ""
    proxy_port: Annotated[int, number("The port of your own proxy.", 1, 65535)] = 8080
    ca_file: Annotated[
        str, plain("A file of certificates (PEM) that are trusted instead of the system's, where a network inspects connections.", effect=Effect.RESTART)
    ] = ""


class Sleep(msgspec.Struct, frozen=True, kw_only=True):
    """Sleep and waking."""

    keep_awake: Annotated[bool, plain("Keep the computer awake on mains while it works.")] = False
    resume_after_s: Annotated[float, number("How long after waking the work goes on.", 0, 3600, "s", zero="at once")] = 60.0


class Notifications(msgspec.Struct, frozen=True, kw_only=True):
    """What it tells you unasked."""

    needs_you: Annotated[bool, plain("Tell me when something needs me.")] = True
    first_result: Annotated[bool, plain("Tell me of my first result.")] = True
    pause_ends: Annotated[bool, plain("Tell me five minutes before a pause ends.")] = False
    long_pause: Annotated[bool, plain("Remind me once of a pause that has lasted a week.")] = True
    weekly_summary: Annotated[bool, plain("A summary each week.")] = False
    security_update: Annotated[bool, plain("Tell me when a security update is ready.")] = True
    project_notice: Annotated[bool, plain("Tell me what a project marks as important.")] = True
    per_day: Annotated[int, number("At most so many a day.", 0, 24, zero="none")] = 1
    per_week: Annotated[int, number("At most so many a week.", 0, 168, zero="none")] = 3


class Projects(msgspec.Struct, frozen=True, kw_only=True):
    """What projects may send."""

    buffer_days: Annotated[float, number("Work to have at hand, in days of computing.", 0, 10, "days", zero="only what runs")] = 0.1
    buffer_more_days: Annotated[float, number("How much more is fetched when there is less than that.", 0, 10, "days")] = 0.5


class Energy(msgspec.Struct, frozen=True, kw_only=True):
    """What the electricity costs."""

    price_per_kwh: Annotated[float, number("Price of electricity.", 0, 1000, "per kWh", zero="not shown")] = 0.0
    currency: Annotated[str, plain("The currency of the price.")] = "EUR"


class Updates(msgspec.Struct, frozen=True, kw_only=True):
    """Newer versions of this program."""

    check: Annotated[bool, plain("Ask daily whether there is a newer version.")] = True
    install: Annotated[
        bool, plain("Install it by itself when no work is lost by it: everything is saved, the new version is tried, and the old one comes back if it fails.")
    ] = True


class Advanced(msgspec.Struct, frozen=True, kw_only=True):
    """For those who know."""

    hypervisor: Annotated[Choice, plain("What runs the virtual machines; auto: the best that is here.", effect=Effect.RESTART)] = Choice.AUTO


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """All settings."""

    when: When = When()
    resources: Resources = Resources()
    transfers: Transfers = Transfers()
    sleep: Sleep = Sleep()
    notifications: Notifications = Notifications()
    projects: Projects = Projects()
    energy: Energy = Energy()
    updates: Updates = Updates()
    advanced: Advanced = Advanced()
