#!/bin/sh
# uninstall.sh [--remove-work]: what dragging the app to the bin leaves undone. It ends the program (its work is saved), says what is there beside it, takes the
# start with the session away, and with --remove-work removes the virtual machines, the results and the settings as well.
set -eu
program=${T4T_PROGRAM:-/Applications/Test4Theory.app/Contents/MacOS/t4t}
if [ ! -x "$program" ]; then
    echo "$program is not there; with T4T_PROGRAM this script takes another one" >&2
    exit 1
fi
case "${1:-}" in
--remove-work)
    "$program" leftovers --remove
    ;;
"")
    "$program" leftovers
    "$program" autostart off
    ;;
*)
    echo "usage: uninstall.sh [--remove-work]" >&2
    exit 2
    ;;
esac
echo "Now the app itself may go to the bin."
