#!/bin/sh
# make-site.sh PAGES TARGET: one HTML page of every PAGES/*.txt. The first line is the title, `* ` makes a list, an empty line
# ends a paragraph.
set -eu
pages=$1 target=$2
mkdir -p "$target"

navigation() {
  for page in "$pages"/*.txt; do
    name=$(basename "$page" .txt)
    printf '<a href="%s.html">%s</a>\n' "$name" "$(head -n 1 "$page")"
  done
}

for page in "$pages"/*.txt; do
  name=$(basename "$page" .txt)
  title=$(head -n 1 "$page")
  {
    printf '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>%s</title>\n' "$title"
    printf '<meta name="viewport" content="width=device-width">\n<link rel="stylesheet" href="style.css">\n'
    printf '<nav>\n%s\n</nav>\n<h1>%s</h1>\n' "$(navigation)" "$title"
    tail -n +2 "$page" | awk '
      { gsub(/&/, "\\&amp;"); gsub(/</, "\\&lt;") }
      /^\* / { if (open != "ul") { close_block(); print "<ul>"; open = "ul" } print "<li>" substr($0, 3); next }
      /^$/   { close_block(); next }
             { if (open != "p") { close_block(); print "<p>"; open = "p" } print }
      END    { close_block() }
      function close_block() { if (open) print "</" open ">"; open = "" }
    '
    printf '</html>\n'
  } > "$target/$name.html"
  echo "$name.html: $title"
done
cp style.css "$target/"
