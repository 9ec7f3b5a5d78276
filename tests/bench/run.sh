#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Runs tingyu-server under tingyu-bench and the yardsticks beside it, on this
# machine, and prints our figures as multiples of theirs.

set -u
cd "$(dirname "$0")/../.." || exit

clients=10000 rounds=3 build=build
options=()

usage()
{
	cat <<'HELP'
usage: tests/bench/run.sh [-n CLIENTS] [-R ROUNDS] [-b BUILD-FOLDER] [-o NAME=VALUE]... [-k]

Starts tingyu-server in a temporary folder, makes accounts, starts it anew, and
measures yardsticks and server in turns; the median of ROUNDS counts.

  -n  clients and connections (10000)
  -R  rounds (3)
  -b  where the programs are (build)
  -o  an option for the server, as in tingyu-server.conf(5)
  -k  keep the temporary folder with all figures
HELP
}

keep=
while getopts n:R:b:o:kh option; do
	case $option in
	n) clients=$OPTARG ;;
	R) rounds=$OPTARG ;;
	b) build=$OPTARG ;;
	o) options+=(-o "$OPTARG") ;;
	k) keep=1 ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done

tmp=$(mktemp -d) || exit
server=

stop_server()
{
	[ -n "$server" ] || return
	kill -INT "$server"
	wait "$server"
	server=
}

clean_up()
{
	stop_server
	if [ -n "$keep" ]; then
		echo "All figures are in $tmp."
	else
		rm -rf "$tmp"
	fi
}
trap clean_up EXIT

die()
{
	echo "run.sh: $*" >&2
	exit 1
}

start_server()
{
	mkdir -p "$tmp/state"
	rm -f "$tmp/state/invite"
	"$build/tingyu-server" -c /dev/null -o state-dir="$tmp/state" "${options[@]}" \
	    >>"$tmp/server.log" 2>&1 &
	server=$!
	until [ -s "$tmp/state/invite" ]; do
		kill -0 $server 2>/dev/null || {
			tail -n 20 "$tmp/server.log" >&2
			server=
			die "the server did not start"
		}
		sleep 0.1
	done
	invite=$(cat "$tmp/state/invite")
}

bench()
{
	"$build/tingyu-bench" -n "$clients" -t 300 -w 120 -a "$tmp/accounts" "$@" "$invite"
	[ $? -lt 2 ] || die "tingyu-bench could not run"
}

# The median of a yardstick's figure over all rounds.
yardstick() # FILE NAME
{
	sed -n "s/^$2 //p" "$tmp/$1" | sort -g | awk '
		{ value[NR] = $1 }
		END { print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'
}

# The median of a figure of ours over all rounds.
ours() # PHASE NAME
{
	cat "$tmp"/figures.* | awk -v phase="\"$1\": {" -v name="\"$2\": " '
		index($0, phase) { inside = 1 }
		inside && index($0, name) && match($0, /"median": [-0-9.e+]+/) {
			print substr($0, RSTART + 10, RLENGTH - 10)
			inside = 0
		}' | sort -g | awk '
		{ value[NR] = $1 }
		END { print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'
}

row() # WHAT OURS THEIRS UNIT
{
	awk -v what="$1" -v ours="$2" -v theirs="$3" -v unit="$4" 'BEGIN {
		printf "%-46s %10.4g %10.4g %-3s %8.2f\n", what, ours, theirs, unit, ours / theirs
	}'
}

for program in tingyu-server tingyu-bench tests/bench/yardstick_tls tests/bench/yardstick_relay; do
	[ -x "$build/$program" ] || die "$build/$program is missing: build first"
done

start_server
bench -P register >"$tmp/register" || die "not all accounts could be made"
for ((round = 1; round <= rounds; round++)); do
	"$build/tests/bench/yardstick_tls" -n "$clients" >>"$tmp/storm" || die "yardstick_tls failed"
	"$build/tests/bench/yardstick_tls" -n "$clients" -o 128 >>"$tmp/calm" || die "yardstick_tls failed"
	"$build/tests/bench/yardstick_relay" >>"$tmp/relay" || die "yardstick_relay failed"
	# A server that has had its storm keeps the memory: every round has a fresh one.
	stop_server
	start_server
	bench -S "$server" -j "$tmp/figures.$round" >"$tmp/report.$round" || cat "$tmp/report.$round"
done

echo
printf '%s clients, median of %s rounds\n\n' "$clients" "$rounds"
printf '%-46s %10s %10s %-3s %8s\n' '' ours yardstick '' ratio
row 'connect storm, TLS and token: all in after' "$(ours storm seconds)" "$(yardstick storm seconds)" s
row 'connect storm: server CPU for one' "$(ours storm server_cpu_us)" "$(yardstick storm server_cpu_us)" us
row 'login (route and work server): CPU for one' "$(ours login server_cpu_us)" \
    "$(yardstick calm server_cpu_us)" us
row 'memory of an idle session' "$(ours hold session_bytes)" "$(yardstick calm server_private_bytes)" B
echo
printf 'CPU of an idle session: %.3g us a second; kernel memory, both ends: %.4g B\n' \
    "$(ours hold server_cpu_us)" "$(ours hold kernel_bytes)"
printf 'CPU of an answer, all operations alike: %.3g us; smallest relay: %.3g us a message\n' \
    "$(ours operations server_cpu_us)" "$(yardstick relay server_cpu_us)"
