"""What goes into the bundle, file by file as PyInstaller names them on the three systems."""

from __future__ import annotations

import pytest
from bundle_build import contents
from hypothesis import given
from hypothesis import strategies as st

ALWAYS = [
    "PySide6/QtCore.abi3.so",
    "PySide6/QtDBus.abi3.so",
    "PySide6/QtWidgets.pyd",
    "PySide6/Qt6Gui.dll",
    "PySide6/Qt/lib/libQt6Core.so.6",
    "PySide6/Qt/lib/libQt6XcbQpa.so.6",
    "PySide6/Qt/lib/libicudata.so.73",
    "PySide6/Qt/lib/QtWidgets.framework/Versions/A/QtWidgets",
    "PySide6/Qt/plugins/platforms/libqxcb.so",
    "PySide6/Qt/plugins/platforms/libqwayland.so",
    "PySide6/plugins/platforms/qwindows.dll",
    "PySide6\\plugins\\platforms\\qwindows.dll",
    "PySide6/Qt/plugins/iconengines/libqsvgicon.so",
    "PySide6/Qt/plugins/wayland-graphics-integration-client/libqt-plugin-wayland-egl.so",
    "PySide6/libpyside6.abi3.so.6.11",
    "PySide6/msvcp140.dll",
    "PySide6\\MSVCP140_1.dll",
    "shiboken6/libshiboken6.abi3.so.6.11",
    "libpython3.11.so.1.0",
    "libssl.so.3",
    "libxcb-cursor.so.0",
    "t4t/resources/icons/app.svg",
    "lib-dynload/_ssl.cpython-311-x86_64-linux-gnu.so",
    "cryptography/hazmat/bindings/_rust.abi3.so",
]
WITH_WEB = [
    "PySide6/QtWebEngineWidgets.abi3.so",
    "PySide6/Qt6WebEngineCore.dll",
    "PySide6/Qt/lib/libQt6WebEngineCore.so.6",
    "PySide6/Qt/lib/libQt6Quick.so.6",
    "PySide6/Qt/lib/QtWebEngineCore.framework/Helpers/QtWebEngineProcess.app/Contents/MacOS/QtWebEngineProcess",
    "PySide6/Qt/libexec/QtWebEngineProcess",
    "PySide6/QtWebEngineProcess.exe",
    "PySide6/Qt/resources/icudtl.dat",
    "PySide6/Qt/resources/qtwebengine_resources_100p.pak",
    "PySide6/resources/v8_context_snapshot.bin",
    "PySide6/Qt/translations/qtwebengine_locales/en-US.pak",
]
NEVER = [
    "PySide6/QtOpenGL.abi3.so",
    "PySide6/QtQml.abi3.so",
    "PySide6/Qt/lib/libQt63DCore.so.6",
    "PySide6/Qt/lib/libavcodec.so.61",
    "PySide6/Qt/lib/libQt6Charts.so.6",
    "PySide6/Qt/qml/QtQuick/Controls/libqtquickcontrols2plugin.so",
    "PySide6/Qt/translations/qtbase_de.qm",
    "PySide6/Qt/translations/qtwebengine_locales/de.pak",
    "PySide6/Qt/resources/qtwebengine_devtools_resources.pak",
    "PySide6/resources/qtwebengine_resources.debug.pak",
    "PySide6/resources/v8_context_snapshot.debug.bin",
    "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
    "PySide6/Qt/plugins/platforms/libqvnc.so",
    "PySide6/Qt/plugins/tls/libqopensslbackend.so",
    "PySide6/Qt/plugins/sqldrivers/libqsqlite.so",
    "libstdc++.so.6",
    "libgcc_s.so.1",
    "libX11.so.6",
    "libglib-2.0.so.0",
    "libxcb.so.1",
    "libgtk-3.so.0",
    "libsoftokn3.chk",
]


@pytest.mark.parametrize("name", ALWAYS)
def test_what_every_bundle_has(name: str) -> None:
    assert contents.keeps(name, web=True)
    assert contents.keeps(name, web=False)


@pytest.mark.parametrize("name", WITH_WEB)
def test_what_only_the_web_view_needs(name: str) -> None:
    assert contents.keeps(name, web=True)
    assert not contents.keeps(name, web=False)


@pytest.mark.parametrize("name", NEVER)
def test_what_stays_away(name: str) -> None:
    assert not contents.keeps(name, web=True)
    assert not contents.keeps(name, web=False)


@given(st.text(alphabet="abcQtWebEngine6./-_", max_size=40))
def test_of_qt_nothing_comes_that_was_not_looked_at(name: str) -> None:
    assert not contents.keeps(f"PySide6/Qt/new/{name}.so", web=False)
    assert not contents.keeps(f"PySide6/Qt/plugins/{name}/x.so", web=False)


@given(st.text(max_size=60))
def test_the_small_bundle_has_nothing_that_the_large_one_lacks(name: str) -> None:
    for whole in (name, f"PySide6/{name}", f"PySide6/Qt/lib/{name}"):
        assert contents.keeps(whole, web=True) or not contents.keeps(whole, web=False)


def test_qt_is_loaded_by_who_needs_it_only() -> None:
    assert not contents.hook_is_kept("pyi_rth_pyside6", platform="linux")
    assert contents.hook_is_kept("pyi_rth_pyside6", platform="win32")
    assert contents.hook_is_kept("pyi_rth_inspect", platform="linux")
