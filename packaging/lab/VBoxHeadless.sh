#!/bin/sh
# Stands in for VirtualBox's VBoxHeadless in the laboratory, where there is neither VT-x nor a kernel driver: VBoxSVC calls it as
#   VBoxHeadless --comment NAME --startvm UUID --vrde config [...]
# and gets the frontend that can run so, with every guest instruction interpreted. Everything else goes to the original.
machine=
seen=
for word in "$@"; do
    case "$seen" in --startvm | -startvm | -s) machine=$word ;; esac
    seen=$word
done
if [ -z "$machine" ]; then
    exec /usr/lib/virtualbox/VBoxHeadless.real "$@"
fi
export DISPLAY="${DISPLAY:-:99}" XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/run/lab}"
exec /usr/lib/virtualbox/VirtualBoxVM --startvm "$machine" --execute-all-in-iem --driverless --no-startvm-errormsgbox
