#!/bin/sh
# test-site.sh SITE: asks the server that the image will run for every page, and looks that every link leads to a page.
set -eu
site=$1

fail() { echo "FAILED: $*" >&2; exit 1; }

checked=0
for page in "$site"/*.html; do
  name=$(basename "$page")
  answer=$(printf 'GET /%s HTTP/1.0\r\n\r\n' "$name" | httpd -i -h "$site")
  case $answer in *' 200 OK'*'<h1>'?*'</h1>'*) ;; *) fail "the server has no page $name with a heading" ;; esac
  for link in $(sed -n 's/.*href="\([^"]*\)".*/\1/p' "$page"); do
    test -f "$site/$link" || fail "$name links to $link, which is not there"
    checked=$((checked + 1))
  done
done
echo "every page is served, and $checked links lead somewhere"
