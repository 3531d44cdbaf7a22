#!/bin/sh
# sign.sh Test4Theory.app: sign the app and every program and library in it for the hardened runtime, from within to without.
#
# T4T_MACOS_IDENTITY names the certificate ("Developer ID Application: ..."), which lies in a keychain that is unlocked. Without it the app keeps the signature
# of nobody's that PyInstaller gave it: it runs on the computer that built it, elsewhere only after the user's word in the system's settings.
set -eu
app=$1
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
entitlements=$here/../../packaging/bundle/macos/entitlements.plist
if [ -z "${T4T_MACOS_IDENTITY:-}" ]; then
    echo "no T4T_MACOS_IDENTITY: $app is not signed"
    exit 0
fi

sign() {
    codesign --force --timestamp --options runtime --sign "$T4T_MACOS_IDENTITY" "$@"
}

# libraries first: no entitlements, which belong to programs; each named by its own name, not by the links beside it
find "$app/Contents" -type f \( -name '*.dylib' -o -name '*.so' \) -print | LC_ALL=C sort | while IFS= read -r library; do
    sign "$library"
done
# then what is an app or a framework within the app, the deepest first: the web view's own process compiles scripts, too
find "$app/Contents" -type d \( -name '*.app' -o -name '*.framework' \) -print | LC_ALL=C sort -r | while IFS= read -r inner; do
    case $inner in
    *.app) sign --entitlements "$entitlements" "$inner" ;;
    *) sign "$inner" ;;
    esac
done
sign --entitlements "$entitlements" "$app"
codesign --verify --deep --strict --verbose=2 "$app"
