#!/bin/sh
# uninstall.sh [--remove-work [PART...]]: what dragging the app to the bin leaves undone. It ends the program (its work is saved), says what is there beside it, takes the
# start with the session away, and with --remove-work removes all of that as well; what is named after it stays: results pictures settings logs.
set -eu
program=${T4T_PROGRAM:-/Applications/Test4Theory.app/Contents/MacOS/t4t}
if [ ! -x "$program" ]; then
    echo "$program is not there; with T4T_PROGRAM this script takes another one" >&2
    exit 1
fi
case "${1:-}" in
--remove-work)
    shift
    if [ $# -gt 0 ]; then
        "$program" remove-everything --yes --keep "$@"
    else
        "$program" remove-everything --yes
    fi
    ;;
"")
    "$program" quit --wait || [ $? -eq 3 ] # 3: it did not run
    "$program" remove-everything --show
    "$program" autostart off
    ;;
*)
    echo "usage: uninstall.sh [--remove-work [PART...]]" >&2
    exit 2
    ;;
esac
echo "Now the app itself may go to the bin."
