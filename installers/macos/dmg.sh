#!/bin/sh
# dmg.sh Test4Theory.app OUT.dmg: a disk image with the app, a link to where apps go, and the licences.
set -eu
app=$1
image=$2
staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
# ditto keeps the links within frameworks; without them the signature breaks
ditto "$app" "$staged/$(basename "$app")"
ln -s /Applications "$staged/Applications"
find "$app/Contents" -name LICENCES.txt -type f -exec cp {} "$staged/Licences.txt" \;
rm -f "$image"
hdiutil create -quiet -volname Test4Theory -srcfolder "$staged" -fs HFS+ -format ULFO "$image"
if [ -n "${T4T_MACOS_IDENTITY:-}" ]; then
    codesign --force --timestamp --sign "$T4T_MACOS_IDENTITY" "$image"
fi
hdiutil verify -quiet "$image"
