#!/bin/sh
# $1: "remove" (Debian) or "0" (RPM) when it goes for good. After an upgrade each agent that runs notices it by itself, saves and goes on as the new version.
set -e

# The processes whose program lies in the package's folder, by what the kernel says of them.
ours() {
    for process in /proc/[0-9]*; do
        case "$(readlink "$process/exe" 2>/dev/null)" in
        /usr/lib/t4t/*) echo "${process#/proc/}" ;;
        esac
    done
}

# Everybody's agents save their virtual machines and end; what belongs to an agent ends with it. Five minutes, as the unit has.
end_all() {
    for number in $(ours); do
        case "$(tr '\0' ' ' <"/proc/$number/cmdline" 2>/dev/null)" in
        *" vm-host "* | *" vbox-api "* | *QtWebEngineProcess*) ;;
        *) kill -TERM "$number" 2>/dev/null || true ;;
        esac
    done
    left=300
    while [ -n "$(ours)" ] && [ "$left" -gt 0 ]; do
        [ "$left" -ne 298 ] || echo "t4t: virtual machines are being saved"
        left=$((left - 1))
        sleep 1
    done
}

case "${1:-}" in
remove | 0)
    end_all
    if [ -f /etc/apparmor.d/t4t ]; then
        if command -v apparmor_parser >/dev/null 2>&1; then
            apparmor_parser --remove /etc/apparmor.d/t4t || true
        fi
        rm -f /etc/apparmor.d/t4t
    fi
    ;;
esac
exit 0
