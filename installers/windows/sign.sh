#!/bin/sh
# sign.sh CERTIFICATE.p12 PASSWORD-FILE PROGRAM.exe: Authenticode with a time stamp, on Linux, in place. The password is read from a file: arguments are seen by all.
set -eu
certificate=$1
password=$2
program=$3
osslsigncode sign -pkcs12 "$certificate" -readpass "$password" -h sha256 -n Test4Theory \
    ${T4T_TIMESTAMP_SERVER:+-ts "$T4T_TIMESTAMP_SERVER"} -in "$program" -out "$program.signed"
mv "$program.signed" "$program"
