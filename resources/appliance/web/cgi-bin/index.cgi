#!/bin/sh
# The page and its headers, for every GET of "/": BusyBox' server can send no headers of ours itself. It starts this in its own folder.
printf '%s\r\n' 'Content-Type: text/html; charset=utf-8' \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'" \
    'X-Content-Type-Options: nosniff' 'X-Frame-Options: DENY' 'Referrer-Policy: no-referrer' 'Cross-Origin-Opener-Policy: same-origin' \
    'Cross-Origin-Resource-Policy: same-origin' 'Cache-Control: no-cache' 'Connection: close' ''
cat page.html
