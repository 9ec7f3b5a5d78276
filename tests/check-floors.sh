#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Proves that includes only go down, that they are spelled from the root, that
# foreign headers stay on their lead, and that every header compiles alone.
# Takes the root of the tree as its argument or from $top_srcdir.

cd "${1:-${top_srcdir:-.}}" || exit
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT

# Folder, and the folders whose headers it may include besides its own.
cat >"$tmp/floors" <<'FLOORS'
shared
server/proc		shared
server/bus		shared
server/store		shared
server/route		shared server/proc server/bus
server/work		shared server/proc server/bus server/store
server/supervisor	shared server/proc
server/bench		shared
client-tui/net		shared
client-tui/peer		shared
client-tui/history	shared
client-tui/model	shared
client-tui/view		client-tui/model shared
client-tui/control	client-tui/view client-tui/model client-tui/net client-tui/history shared
client-tui		client-tui/control client-tui/history client-tui/view client-tui/model client-tui/net client-tui/peer client-tui/term shared
client-tui/term		client-tui/view shared
FLOORS

# Foreign headers (an extended regular expression) and who may include them.
cat >"$tmp/leads" <<'LEADS'
sqlite3\.h		(server/store/sql_[a-z]*\.[ch]|client-tui/history/history_(file|store)\.c)
(mysql|mariadb).*	server/store/sql_[a-z]*\.[ch]
gnutls/.*		shared/tls[a-z_]*\.c
sodium.*		shared/[a-z_]*\.c
(n?curses|term)w?\.h	client-tui/term/[a-z_]*\.c
utf8proc\.h		client-tui/model/text\.c
nats.*			server/bus/bus_nats\.c
event\.h		nobody
openssl/.*		nobody
LEADS

# Functions that make a process, and the files that may call them: the one of
# the servers, and the load generator's, which forks before it has anything.
calls='v?fork|_?clone3?|posix_spawnp?|exec[lv][pe]*|execvpe|fexecve|execveat|popen|system|daemon'
caller='server/(proc/spawn|bench/fleet)\.c'

complain()
{
	echo "$*"
	echo x >>"$tmp/complaints"
}

find shared server client-tui -name '*.[ch]' | sort >"$tmp/files"

# file, line, included name with its quotes or brackets
while read -r file; do
	sed -n 's/^[ \t]*#[ \t]*include[ \t]*\(["<][^">]*[">]\).*/\1/p' "$file" |
	    sed "s|^|$file |"
done <"$tmp/files" >"$tmp/includes"

floors()
{
	while read -r file name; do
		case $name in
		'"config.h"') complain "$file: config.h is included by the build already" ;;
		'"'*)	name=${name#?} name=${name%?}
			[ -f "$name" ] || {
				complain "$file: \"$name\" is not spelled from the root"
				continue
			}
			from=${file%/*} to=${name%/*}
			[ "$from" = "$to" ] && continue
			awk -v from="$from" -v to="$to" '
				$1 == from {
					for (i = 2; i <= NF; i++)
						if ($i == to)
							found = 1
				}
				END { exit !found }' "$tmp/floors" ||
			    complain "$file: $from must not include \"$name\"" ;;
		esac
	done <"$tmp/includes"

	for folder in $(sed 's|/[^/]*$||' "$tmp/files" | sort -u); do
		grep -q "^$folder\([[:space:]]\|\$\)" "$tmp/floors" ||
		    complain "$folder: no floor is known for this folder (tests/check-floors.sh)"
	done
}

leads()
{
	while read -r header owner; do
		grep -E "<$header>\$" "$tmp/includes" |
		    grep -vE "^$owner " >"$tmp/strays"
		while read -r file name; do
			complain "$file: $name is only for $owner"
		done <"$tmp/strays"
	done <"$tmp/leads"

	# Comments are taken out, lines stay where they are.
	while read -r file; do
		awk '{
			line = $0
			while (1) {
				if (inside) {
					if (!(i = index(line, "*/"))) { line = ""; break }
					line = substr(line, i + 2); inside = 0
				}
				if (!(i = index(line, "/*"))) break
				rest = substr(line, i + 2)
				kept = kept substr(line, 1, i - 1)
				line = rest; inside = 1
			}
			sub("//.*", "", line)
			print FILENAME ":" FNR ": " kept line
			kept = ""
		}' "$file"
	done <"$tmp/files" |
	    grep -E "[^a-zA-Z0-9_\"]($calls)[ ]?\(" |
	    grep -vE "^$caller:" >"$tmp/strays"
	while read -r line; do
		complain "$line: only server/proc/spawn.c and server/bench/fleet.c make processes"
	done <"$tmp/strays"
}

# A module's own header comes first, so that nothing hides what it lacks.
own_header_first()
{
	grep '\.c$' "$tmp/files" | while read -r file; do
		own=${file%.c}.h
		[ -f "$own" ] || continue
		first=$(sed -n "s|^$file ||p" "$tmp/includes" | head -n 1)
		[ "$first" = "\"$own\"" ] ||
		    complain "$file: the first include has to be \"$own\""
	done
}

license()
{
	while read -r file; do
		head -n 1 "$file" | grep -qF '/* SPDX-License-Identifier: ISC */' ||
		    complain "$file: the first line names the license"
	done <"$tmp/files"
}

# What nobody builds is not part of the program.
orphans()
{
	find shared server client-tui tests -name '*.[ch]' -o -name '*.def' |
	    while read -r file; do
		list=${file%/*}
		[ -f "$list/local.am" ] || list=${list%/*}
		name=${file##*/}
		# A program of one file is listed by its own name.
		case $file in
		tests/*.c) name="${name%.c}(\.c)?" ;;
		esac
		cat "$list/local.am" "${list%/*}/local.am" 2>/dev/null |
		    grep -qE "/$name( |\$|\\\\)" ||
		    complain "$file: is in no local.am"
	done
}

headers_alone()
{
	grep '\.h$' "$tmp/files" >"$tmp/headers"
	while read -r file; do
		printf '#include "%s"\n#include "%s"\ntypedef int nothing;\n' \
		    "$file" "$file" >"$tmp/alone.c"
		# shellcheck disable=SC2086 # several words each
		(cd "$build" && ${CC:-cc} $TEST_CPPFLAGS -I"$root" -fsyntax-only \
		    "$tmp/alone.c") >"$tmp/errors" 2>&1 || {
			cat "$tmp/errors"
			complain "$file: does not compile alone, twice"
		}
	done <"$tmp/headers"
}

root=$PWD
build=$OLDPWD
floors
leads
own_header_first
license
orphans
headers_alone

[ -s "$tmp/files" ] || complain "no sources found in $root"
[ ! -f "$tmp/complaints" ] || {
	echo "$(wc -l <"$tmp/complaints") breaches of the floors"
	exit 1
}
echo "$(wc -l <"$tmp/files") files, $(wc -l <"$tmp/includes") includes: the floors hold"
