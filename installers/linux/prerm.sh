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

# Everybody's agents save their virtual machines and end; what one of ours started is that one's to end. Five minutes, as the unit has.
end_all() {
    told=" "
    left=300
    while all="$(ours | tr '\n' ' ')" && [ -n "$all" ] && [ "$left" -gt 0 ]; do
        for number in $all; do
            parent="$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$number/status" 2>/dev/null || true)"
            case "$told" in *" $number "*) continue ;; esac
            case " $all" in *" $parent "*) continue ;; esac
            told="$told$number "
            kill -TERM "$number" 2>/dev/null || true
        done
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
