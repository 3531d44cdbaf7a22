#!/bin/sh
# notarise.sh OUT.dmg: let Apple look at a signed image, wait for the answer, and fasten it to the image, so that it counts without a network, too.
#
# T4T_NOTARY_KEY (a file), T4T_NOTARY_KEY_ID and T4T_NOTARY_ISSUER are an App Store Connect key. Without them nothing is sent.
set -eu
image=$1
if [ -z "${T4T_NOTARY_KEY:-}" ] || [ -z "${T4T_MACOS_IDENTITY:-}" ]; then
    echo "no T4T_NOTARY_KEY or no T4T_MACOS_IDENTITY: $image is not notarised"
    exit 0
fi
xcrun notarytool submit "$image" --wait --timeout 1h --key "$T4T_NOTARY_KEY" --key-id "$T4T_NOTARY_KEY_ID" --issuer "$T4T_NOTARY_ISSUER"
xcrun stapler staple "$image"
xcrun stapler validate "$image"
spctl --assess --type open --context context:primary-signature --verbose=2 "$image"
