#!/bin/sh
# $1: "remove" (Debian) or "0" (RPM) when it goes for good; an upgrade loads the new profile instead.
set -e
case "${1:-}" in
remove | 0)
    if [ -f /etc/apparmor.d/t4t ]; then
        if command -v apparmor_parser >/dev/null 2>&1; then
            apparmor_parser --remove /etc/apparmor.d/t4t || true
        fi
        rm -f /etc/apparmor.d/t4t
    fi
    ;;
esac
exit 0
