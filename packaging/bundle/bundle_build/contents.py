"""What of all that PyInstaller finds goes into the bundle: a reviewed list, so that a new Qt brings nothing that nobody looked at.

Pure: names in the bundle in, yes or no out. Of Qt stays what the program's widgets need and, with ``web``, QtWebEngine; of the building computer's libraries
only what other computers may lack or have in another version. The rest is the system's own: its newer drivers must not meet our older copies.
"""

from __future__ import annotations

import re
from typing import Final

MODULES: Final = frozenset({"Core", "DBus", "Gui", "Network", "Svg", "Widgets"})
"""Qt's modules that our code imports."""
_BELOW: Final = frozenset({"OpenGL", "WaylandClient", "WlShellIntegration", "XcbQpa"})
"""What the plugins for screens are made of: libraries alone, without what Python would need for them."""
WEB_MODULES: Final = frozenset({"PrintSupport", "WebChannel", "WebEngineCore", "WebEngineWidgets"})
_BELOW_WEB: Final = frozenset({"Positioning", "Qml", "QmlMeta", "QmlModels", "QmlWorkerScript", "Quick", "QuickWidgets"})

PLUGINS: Final = {
    "iconengines": frozenset({"qsvgicon"}),
    "imageformats": frozenset({"qico", "qjpeg", "qsvg"}),
    "platforminputcontexts": frozenset({"composeplatforminputcontextplugin", "ibusplatforminputcontextplugin"}),
    "platforms": frozenset({"qcocoa", "qoffscreen", "qwayland", "qwindows", "qxcb"}),
    "platformthemes": frozenset({"qxdgdesktopportal"}),
    "styles": frozenset({"qmacstyle", "qmodernwindowsstyle"}),
    "wayland-decoration-client": frozenset({"adwaita", "bradient"}),
    "wayland-graphics-integration-client": frozenset({"qt-plugin-wayland-egl"}),
    "wayland-shell-integration": frozenset({"qt-shell", "xdg-shell"}),
    "xcbglintegrations": frozenset({"qxcb-egl-integration", "qxcb-glx-integration"}),
}
"""The plugins that stay, by kind. Without GTK's theme: it would load the system's GTK into a process with our libraries. Without TLS: our connections are
Python's, the web view has its own."""
LOCALES: Final = frozenset({"en-US"})
"""Of the web view's own messages: the program speaks English."""

OF_THE_HOST: Final = (
    *("libpython3", "libssl", "libcrypto", "libffi", "libsqlite3", "liblzma", "libbz2", "libexpat"),
    *("libxcb-cursor", "libxcb-icccm", "libxcb-image", "libxcb-keysyms", "libxcb-render-util", "libxcb-util"),
)
"""Beginnings of the names of the building computer's libraries that go along: Python's, whose versions differ between distributions, and small ones of X that
desktops do not install by themselves."""
SYSTEM: Final = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libXcomposite.so.1": "libxcomposite1",
    "libXdamage.so.1": "libxdamage1",
    "libXext.so.6": "libxext6",
    "libXfixes.so.3": "libxfixes3",
    "libXrandr.so.2": "libxrandr2",
    "libXtst.so.6": "libxtst6",
    "libasound.so.2": "libasound2 | libasound2t64",
    "libbrotlicommon.so.1": "libbrotli1",
    "libbrotlidec.so.1": "libbrotli1",
    "libc.so.6": "libc6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libdl.so.2": "libc6",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libgbm.so.1": "libgbm1",
    "libgcc_s.so.1": "libgcc-s1",
    "libglib-2.0.so.0": "libglib2.0-0 | libglib2.0-0t64",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libgthread-2.0.so.0": "libglib2.0-0 | libglib2.0-0t64",
    "libm.so.6": "libc6",
    "libnspr4.so": "libnspr4",
    "libnss3.so": "libnss3",
    "libnssutil3.so": "libnss3",
    "libpthread.so.0": "libc6",
    "libresolv.so.2": "libc6",
    "libsmime3.so": "libnss3",
    "libstdc++.so.6": "libstdc++6",
    "libudev.so.1": "libudev1",
    "libuuid.so.1": "libuuid1",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libxcb-dri3.so.0": "libxcb-dri3-0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbfile.so.1": "libxkbfile1",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
    "ld-linux-x86-64.so.2": "libc6",
}
"""What the bundle may need of the system, with the Debian package that has it."""
OPENED: Final = ("libxcb-screensaver0", "libxcb-sync1", "libxcb1")
"""What is opened by name while the program runs, so that no list of needed libraries has it: X11's extensions for xcffib."""

EXCLUDED: Final = (
    "PySide6.scripts",
    "_pytest",
    "curses",
    "idlelib",
    "lib2to3",
    "pip",
    "pydoc_data",
    "pythonwin",
    "readline",
    "setuptools",
    "pkg_resources",
    "test",
    "tkinter",
    "turtle",
    "win32ui",
)
"""Modules that libraries mention and the program has no use for."""
EXCLUDED_WITHOUT_WEB: Final = ("PySide6.QtWebEngineCore", "PySide6.QtWebEngineWidgets", "PySide6.QtWebChannel", "PySide6.QtPrintSupport")
HOOKS: Final = frozenset({"pyi_rth_pyside6", "pyi_rth_pyside6webengine"})
"""PyInstaller's own beginnings that are left out on Linux: they load Qt into every process, also into the agent without a tray and into the VM host. The wheels
find their plugins without."""

_BINDING: Final = re.compile(r"^PySide6/Qt(?P<name>[A-Za-z]+)(?:\.abi3\.so|\.pyd)$")
_LIBRARY: Final = re.compile(
    r"^PySide6/(?:Qt/lib/libQt6(?P<linux>[A-Za-z]+)\.so[.\d]*|Qt/lib/Qt(?P<macos>[A-Za-z]+)\.framework/.+|Qt6(?P<windows>[A-Za-z]+)\.dll)$"
)
_PLUGIN: Final = re.compile(r"^PySide6/(?:Qt/)?plugins/(?P<kind>[\w-]+)/(?:lib)?(?P<name>[\w-]+)\.(?:so|dylib|dll)$")
_LOCALE: Final = re.compile(r"/(?:qtwebengine_)?locales/(?P<name>[\w-]+)\.pak$")
_RESOURCE: Final = re.compile(r"/(?:icudtl\.dat|qtwebengine_resources\w*\.pak|v8_context_snapshot\w*\.bin)$")
_ALSO: Final = re.compile(
    r"^PySide6/(?:Qt/lib/libicu[^/]+|Qt/libexec/qt\.conf|qt\.conf|libpyside6\.[^/]+|pyside6\.[^/]+|(?i:concrt|msvcp|vcruntime)140[^/]*\.dll)$"
)
_WITH_WEB: Final = re.compile(r"QtWebEngineProcess|^PySide6/(?:lib)?pyside6qml\.")
_HOST_LIBRARY: Final = re.compile(r"^lib[^/]+\.(?:so(?:\.|$)|chk$)")


def keeps(name: str, *, web: bool) -> bool:
    """Whether the file that would be ``name`` in the bundle goes into it."""
    name = name.replace("\\", "/")
    if name.startswith("PySide6/"):
        return _keeps_of_qt(name, web=web)
    return not _HOST_LIBRARY.match(name) or name.startswith(OF_THE_HOST)


def _keeps_of_qt(name: str, *, web: bool) -> bool:
    if binding := _BINDING.match(name):
        return binding["name"] in MODULES or (web and binding["name"] in WEB_MODULES)
    if library := _LIBRARY.match(name):
        module = library["linux"] or library["macos"] or library["windows"]
        return module in MODULES | _BELOW or (web and module in WEB_MODULES | _BELOW_WEB)
    if plugin := _PLUGIN.match(name):
        return plugin["name"] in PLUGINS.get(plugin["kind"], frozenset())
    if locale := _LOCALE.search(name):
        return web and locale["name"] in LOCALES
    if _RESOURCE.search(name) or _WITH_WEB.search(name):
        return web and ".debug." not in name
    return _ALSO.match(name) is not None


def hook_is_kept(name: str, *, platform: str) -> bool:
    """Whether PyInstaller's own beginning ``name`` runs before ours."""
    return platform != "linux" or name not in HOOKS
