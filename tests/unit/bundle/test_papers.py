"""The list of components, with what no package index knows of."""

from __future__ import annotations

from bundle_build import papers


def test_components_are_added_and_nothing_tells_when() -> None:
    listed = {
        "bomFormat": "CycloneDX",
        "serialNumber": "urn:uuid:1",
        "metadata": {"timestamp": "now", "component": {"name": "t4t-desktop"}},
        "components": [{"name": "yarl", "version": "1"}, {"name": "aiohttp", "version": "2"}],
    }
    found = papers.with_extra(listed, [papers.Unlisted("Qt", "6.11.3", "framework")])
    assert found["components"] == [
        {"name": "aiohttp", "version": "2"},
        {"bom-ref": "Qt@6.11.3", "name": "Qt", "type": "framework", "version": "6.11.3"},
        {"name": "yarl", "version": "1"},
    ]
    assert found["metadata"] == {"component": {"name": "t4t-desktop"}}
    assert "serialNumber" not in found


def test_only_the_building_computers_own_libraries_are_looked_up() -> None:
    ours = [("PySide6/Qt/lib/libQt6Core.so.6", "/venv/x", "BINARY"), ("libpython3.11.so.1.0", "/opt/x", "BINARY"), ("t4t/x.so", "/venv/y", "EXTENSION")]
    assert tuple(papers.of_host(ours)) == ()
