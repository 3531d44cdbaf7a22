#!/bin/sh
# Only where the kernel keeps user namespaces from programs that have no profile; elsewhere its parser may not even know the words.
set -e
if [ -e /proc/sys/kernel/apparmor_restrict_unprivileged_userns ] && [ -d /etc/apparmor.d ] && command -v apparmor_parser >/dev/null 2>&1; then
    install -m 0644 /usr/lib/t4t/t4t.apparmor /etc/apparmor.d/t4t
    apparmor_parser --replace --write-cache --skip-read-cache /etc/apparmor.d/t4t || true
fi
exit 0
