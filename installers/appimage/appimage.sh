#!/bin/sh
# appimage.sh BUNDLE STAGED OUT.AppImage: the bundle as one file. STAGED is what make_installers.py put beside it.
#
# T4T_APPIMAGETOOL and T4T_APPIMAGE_RUNTIME are appimagetool and its runtime, which no distribution has: whoever calls this has checked their hashes.
# Its root is not the system's, so that no AppArmor profile fits: where the kernel wants one the web view does without that part of its sandbox.
set -eu
bundle=$1
staged=$2
image=$3
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/usr/lib" "$tree/usr/share/metainfo" "$tree/usr/share/applications"
cp -a "$bundle" "$tree/usr/lib/t4t"
cp "$staged/t4t.desktop" "$tree/usr/share/applications/t4t.desktop"
cp "$staged/t4t.desktop" "$tree/t4t.desktop"
cp "$staged/org.t4t.desktop.metainfo.xml" "$tree/usr/share/metainfo/"
cp "$staged/t4t.svg" "$tree/t4t.svg"
ln -s t4t.svg "$tree/.DirIcon"
ln -s usr/lib/t4t/t4t "$tree/AppRun"
ARCH=$(uname -m) "$T4T_APPIMAGETOOL" --appimage-extract-and-run --no-appstream --runtime-file "$T4T_APPIMAGE_RUNTIME" "$tree" "$image"
chmod +x "$image"
