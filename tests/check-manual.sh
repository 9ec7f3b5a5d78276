#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Proves that the manual and the tables say the same: every message and status
# is in tingyu-protocol(7), every option in tingyu-server.conf(5), and nothing
# is there that the tables do not know; pages are clean for mandoc and refer
# only to pages of ours that exist.
#
# How a page has to write it (the words in this order, macros between do not
# matter):
#   a message   a heading or list item with 0x0002 REGISTER; every field's name
#               follows before the next message
#   a status    a list item with 20 bad-text, below a heading with "status"
#   an option   a list item that begins with its name in .Ic or .Cm; its default
#               follows before the next item

cd "${1:-${top_srcdir:-.}}" || exit
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT

protocol=man/tingyu-protocol.7
options=man/tingyu-server.conf.5

complain()
{
	echo "$*"
	echo x >>"$tmp/complaints"
}

# Rows of a table, one a line: comments and line ends inside of a row go.
rows() # MACRO FILE...
{
	macro=$1
	shift
	cat "$@" </dev/null | tr '\n\t' '  ' |
	    sed 's|/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/||g' | sed "s/\(^\|[ )]\)$macro(/\n$macro(/g" | grep "^$macro("
}

# Lines of "$2" without their quotes that the list "$1" does not have.
only_in_second()
{
	sort -u "$1" >"$tmp/first"
	sort -u "$2" | comm -13 "$tmp/first" -
}

compare() # TABLE-LIST PAGE-LIST TABLE PAGE
{
	only_in_second "$2" "$1" | while read -r word; do
		complain "$4: $word is missing, $3 has it"
	done
	only_in_second "$1" "$2" | while read -r word; do
		complain "$4: $word is not in $3"
	done
	[ -s "$1" ] || complain "$3: no rows found"
}

messages()
{
	rows MESSAGE shared/protocol.def >"$tmp/messages"
	sed 's/^MESSAGE( *\(0x[0-9a-f]*\) *, *\([A-Z0-9_]*\).*/\1 \2/' \
	    "$tmp/messages" >"$tmp/table"
	sed -n 's/^\.\(It\|Ss\|Sh\) .*\(0x[0-9a-f]\{4\}\)[^A-Z]*\( [A-Z][a-z] \)* *\([A-Z][A-Z0-9_]*\).*/\2 \4/p' \
	    $protocol >"$tmp/page"
	compare "$tmp/table" "$tmp/page" shared/protocol.def $protocol

	# number, NAME, field...
	sed 's/"[^"]*"//g; s/^MESSAGE( *\(0x[0-9a-f]*\) *, *\([A-Z0-9_]*\)/\1 \2\n/' \
	    "$tmp/messages" | sed 's/ \(U8\|U16\|U32\|U64\|STR\|BLOB\)(\([a-z_0-9]*\)/\n\2\n/g' |
	    grep -E '^(0x[0-9a-f]{4} |[a-z_0-9]+$)' >"$tmp/fields"
	while read -r word name; do
		if [ -n "$name" ]; then
			message=$name
			awk -v number="$word" '
				/^\.(It|Ss|Sh) .*0x[0-9a-f][0-9a-f][0-9a-f][0-9a-f]/ {
					inside = index($0, number) > 0
					next
				}
				/^\.Sh / { inside = 0 }
				inside' $protocol | tr -c 'a-z0-9_\n' ' ' >"$tmp/section"
		else
			grep -qw "$word" "$tmp/section" ||
			    complain "$protocol: $message has no word about its field $word"
		fi
	done <"$tmp/fields"
}

statuses()
{
	rows STATUS shared/status.def |
	    sed 's/^STATUS( *[A-Z0-9_]* *, *\([0-9]*\) *, *"\([a-z-]*\)".*/\1 \2/' >"$tmp/table"
	awk '/^\.S[hs] / { inside = tolower($0) ~ /status/ }
	    inside && /^\.It /' $protocol |
	    sed -n 's/^\.It [^0-9]*\([0-9][0-9]*\)\( [A-Z][a-z]\)* *\([a-z][a-z-]*\).*/\1 \3/p' >"$tmp/page"
	compare "$tmp/table" "$tmp/page" shared/status.def $protocol
}

# The default is the third string or word of a row; a list has none.
server_options()
{
	find server -name options.def >"$tmp/tables"
	[ -s "$tmp/tables" ] || return
	# shellcheck disable=SC2046 # our own file names have no spaces
	for kind in NUMBER FLAG WORD TEXT PATH LIST; do
		rows $kind $(cat "$tmp/tables")
	done >"$tmp/options"
	sed 's/^[A-Z]*( *"\([^"]*\)".*/\1/' "$tmp/options" >"$tmp/table"
	sed -n 's/^\.It \(Ic\|Cm\) \([a-z0-9_-]*\).*/\2/p' $options >"$tmp/page"
	compare "$tmp/table" "$tmp/page" "$(tr '\n' ' ' <"$tmp/tables")" $options

	grep -v '^LIST' "$tmp/options" |
	    sed 's/^[A-Z]*( *"\([^"]*\)" *, *[a-z_0-9]* *, *"\{0,1\}\([^",]*\).*/\1 \2/' |
	    while read -r name value; do
		# A folder that ./configure chooses has no text to look for.
		case $value in TINGYU_*) continue ;; esac
		awk -v name="$name" '
			/^\.It (Ic|Cm) / { inside = $3 == name }
			/^\.S[hs] / { inside = 0 }
			inside' $options | grep -qF -e "$value" ||
		    complain "$options: $name does not name its default, $value"
	done
}

pages_are_clean()
{
	for page in man/*.[0-9]; do
		grep -q "/${page#man/}\( \|\$\)" man/local.am ||
		    complain "$page is not in man/local.am: nobody would install it"
		sed -n 's/^\.Xr \(tingyu[a-z.-]*\) \([0-9]\).*/\1.\2/p' "$page" |
		    sort -u | while read -r other; do
			[ -f "man/$other" ] || grep -q "^command_pages += %D%/$other\$" man/local.am ||
			    complain "$page refers to $other, which does not exist"
		done
	done
	command -v mandoc >/dev/null || {
		echo "mandoc is not installed: its opinion is left out"
		return
	}
	# Whether other people's pages are installed here is not our subject.
	mandoc -T lint man/*.[0-9] 2>/dev/null | grep -v "referenced manual not found" \
	    >"$tmp/lint"
	while read -r line; do
		complain "$line"
	done <"$tmp/lint"
}

# The client: its commands have a page each, which the build makes of the table;
# tingyu(1) refers to all of them; tingyu.conf(5) has the options, the actions
# and the keys they come with.
client()
{
	rows COMMAND client-tui/control/commands.def | sed 's/^COMMAND( *"\([a-z]*\)".*/\1/' >"$tmp/table"
	sed -n 's/^command_pages += %D%\/tingyu-\([a-z]*\)\.1$/\1/p' man/local.am >"$tmp/page"
	compare "$tmp/table" "$tmp/page" client-tui/control/commands.def man/local.am
	sed -n 's/^\.Xr tingyu-\([a-z]*\) 1.*/\1/p' man/tingyu.1 >"$tmp/page"
	compare "$tmp/table" "$tmp/page" client-tui/control/commands.def man/tingyu.1

	rows SWITCH client-tui/switches.def | sed 's/^SWITCH([^"]*"\([a-z]*\)".*/\1/' >"$tmp/table"
	sed -n 's/^\.It Fl .*-\([a-z][a-z]*\).*/\1/p' man/tingyu.1 >"$tmp/page"
	compare "$tmp/table" "$tmp/page" client-tui/switches.def man/tingyu.1

	for kind in TEXT FLAG LIST; do
		rows $kind client-tui/options.def
	done | sed 's/^[A-Z]*( *"\([^"]*\)".*/\1/' >"$tmp/table"
	sed -n 's/^\.It Ic \([a-z-]*\).*/\1/p' man/tingyu.conf.5 >"$tmp/page"
	compare "$tmp/table" "$tmp/page" client-tui/options.def man/tingyu.conf.5

	rows ACTION client-tui/control/actions.def | sed 's/^ACTION( *"\([^"]*\)".*/\1/' >"$tmp/table"
	sed -n 's/^\.It Cm \([a-z0-9-]*\).*/\1/p' man/tingyu.conf.5 >"$tmp/page"
	compare "$tmp/table" "$tmp/page" client-tui/control/actions.def man/tingyu.conf.5

	rows BIND client-tui/control/keys.def | sed 's/^BIND("\([^"]*\)").*/\1/' >"$tmp/table"
	awk '/^\.It Cm / { action = $3 }
	    /^Keys: / {
		sub("^Keys: ", ""); sub("[.]$", "")
		count = split($0, keys, ", ")
		for (i = 1; i <= count; i++)
			print keys[i] " " action
	    }' man/tingyu.conf.5 >"$tmp/page"
	compare "$tmp/table" "$tmp/page" client-tui/control/keys.def man/tingyu.conf.5

	command -v mandoc >/dev/null || return
	for page in "$build"/man/tingyu-*.1; do
		[ ! -f "$page" ] || mandoc -T lint "$page" 2>/dev/null
	done | grep -v "referenced manual not found" >"$tmp/lint"
	while read -r line; do
		complain "$line"
	done <"$tmp/lint"
}

build=${top_builddir:-.}
case $build in /*) ;; *) build=$OLDPWD/$build ;; esac
ls man/*.[0-9] >/dev/null 2>&1 || {
	echo "There is no manual yet."
	exit 77
}
pages_are_clean
[ ! -f $protocol ] || { messages; statuses; }
[ ! -f $options ] || server_options
[ ! -f man/tingyu.1 ] || client

[ ! -f "$tmp/complaints" ] || {
	echo "$(wc -l <"$tmp/complaints") differences"
	exit 1
}
echo "$(ls man/*.[0-9] | wc -l) pages agree with the tables"
