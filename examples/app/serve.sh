#!/bin/sh
# Serves the site on $PORT.
exec httpd -f -v -p "${PORT:-8080}" -h /srv/www
