#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Keeps many people online with tingyu-bench while processes of the servers are
# killed, stopped and replaced, and shows what they notice.

set -u
cd "$(dirname "$0")/../.." || exit

clients=10000 build=build ping=10 pause=12

usage()
{
	cat <<'HELP'
usage: tests/bench/faults.sh [-n CLIENTS] [-b BUILD-FOLDER] [-k PING] [-w PAUSE] sqlite|mariadb

  sqlite    tingyu-server on loopback: a session child is killed, another one is
            stopped and goes on, the store process and a child of the route
            server are killed
  mariadb   a route server and two work servers on one MariaDB: one of the two is
            killed and comes back, the database is killed and comes back

  -n  clients (10000)
  -b  where the programs are (build)
  -k  every client pings so often, in seconds (10: what a stopped child costs is
      found by pings; real clients have 60)
  -w  seconds between two faults (12)

The last line says how many did not come back; exit status 0 when none.
HELP
}

while getopts n:b:k:w:h option; do
	case $option in
	n) clients=$OPTARG ;;
	b) build=$OPTARG ;;
	k) ping=$OPTARG ;;
	w) pause=$OPTARG ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
case ${1-} in
sqlite|mariadb) kind=$1 ;;
*) usage >&2; exit 2 ;;
esac

build=$(cd "$build" && pwd) || exit
tmp=$(mktemp -d) || exit
started=()
mariadbd=

clean_up()
{
	for pid in "${started[@]}"; do
		kill -CONT "$pid" 2>/dev/null
		kill -INT "$pid" 2>/dev/null
	done
	# The one program that does not listen to INT.
	[ -z "$mariadbd" ] || kill -TERM "$mariadbd" 2>/dev/null
	wait
	rm -rf "$tmp"
}
trap clean_up EXIT

die()
{
	echo "faults.sh: $*" >&2
	tail -n 20 "$tmp"/*.log >&2
	exit 1
}

say()
{
	echo "== $*"
}

# start NAME COMMAND...: in the background, its output in NAME.log; sets $pid
start()
{
	local name=$1
	shift
	"$@" >>"$tmp/$name.log" 2>&1 </dev/null &
	pid=$!
	started+=("$pid")
}

# wait_for PID FILE TEXT: until the program has said so
wait_for()
{
	until grep -qs -e "$3" "$2"; do
		kill -0 "$1" 2>/dev/null || die "a program ended before it said \"$3\""
		sleep 0.1
	done
}

# The process of "$1" or below it whose command line has "$2" in it, the first.
member()
{
	local child

	for child in $(pgrep -P "$1"); do
		if tr '\0' ' ' <"/proc/$child/cmdline" | grep -q -e "--member $2"; then
			echo "$child"
			return
		fi
		member "$child" "$2"
	done | head -n 1
}

# --- the servers ---

start_sqlite()
{
	start server "$build/tingyu-server" -c /dev/null -o state-dir="$tmp/state" \
	    -o route-listen=127.0.9.1:17400 -o work-listen=127.0.9.1:17401
	server=$pid
	wait_for "$server" "$tmp/server.log" "clients can log in"
	invite=$(cat "$tmp/state/invite")
}

start_mariadbd()
{
	start mariadbd mariadbd --no-defaults --datadir="$tmp/data" --socket="$tmp/s" --pid-file="$tmp/pid" \
	    --skip-networking --skip-name-resolve --skip-log-bin --user="$(id -un)"
	mariadbd=$pid
}

start_work() # NUMBER
{
	start "work$1" "$build/tingyu-work" -c "$tmp/work$1.conf"
	work[$1]=$pid
}

start_mariadb()
{
	local number

	mariadb-install-db --no-defaults --datadir="$tmp/data" --auth-root-authentication-method=normal \
	    --skip-test-db --user="$(id -un)" >"$tmp/install.log" 2>&1 || die "no database could be made"
	start_mariadbd
	until mariadb --no-defaults -u root -S "$tmp/s" -e 'CREATE DATABASE tingyu' 2>/dev/null; do
		kill -0 "$mariadbd" 2>/dev/null || die "the database did not start"
		sleep 0.1
	done
	mkdir "$tmp/route" "$tmp/work1" "$tmp/work2"
	echo "state-dir $tmp/route
route-listen 127.0.9.1:17400" >"$tmp/route.conf"
	start route "$build/tingyu-route" -c "$tmp/route.conf"
	route=$pid
	wait_for "$route" "$tmp/route.log" 'tingyu://'
	invite=$(grep -o 'tingyu://[^ ]*' "$tmp/route.log" | head -n 1)
	for number in 1 2; do
		echo "state-dir $tmp/work$number
work-listen 127.0.9.1:1740$number
database mysql://root@/tingyu?socket=$tmp/s
cluster-key $tmp/cluster.key
route-server $invite" >"$tmp/work$number.conf"
		start_work "$number"
		wait_for "$pid" "$tmp/work$number.log" ', pin '
		grep -o ', pin [0-9a-f]*' "$tmp/work$number.log" | head -n 1 |
		    sed 's/, pin/allow-work/' >>"$tmp/route.conf"
	done
	kill -HUP "$route"
	wait_for "$route" "$tmp/route.log" 17401.*' is up'
	wait_for "$route" "$tmp/route.log" 17402.*' is up'
}

# --- what is done to them ---

kill_member() # PARENT MEMBER
{
	local victim

	victim=$(member "$1" "$2")
	[ -n "$victim" ] || die "there is no process \"$2\""
	say "kill -9 of $2"
	kill -9 "$victim"
	sleep "$pause"
}

faults_sqlite()
{
	local victim

	kill_member "$server" 'work session/0'
	victim=$(member "$server" 'work session/1')
	say "kill -STOP of work session/1"
	kill -STOP "$victim"
	sleep $((2 * ping + pause))
	say "kill -CONT of work session/1"
	kill -CONT "$victim"
	sleep "$pause"
	kill_member "$server" 'work store/0'
	kill_member "$server" 'route route/0'
}

faults_mariadb()
{
	say "kill -9 of work server 1"
	kill -9 "${work[1]}"
	wait "${work[1]}" 2>/dev/null
	sleep "$pause"
	say "work server 1 starts again"
	start_work 1
	sleep "$pause"
	say "kill -9 of the database"
	kill -9 "$mariadbd"
	wait "$mariadbd" 2>/dev/null
	sleep "$pause"
	say "the database starts again"
	start_mariadbd
	sleep "$pause"
	kill_member "${work[2]}" 'work session/0'
}

declare -A work
case $kind in
sqlite) seconds=$((2 * ping + 6 * pause + 3)) ;;
mariadb) seconds=$((6 * pause + 3)) ;;
esac
"start_$kind"
"$build/tingyu-bench" -q -n "$clients" -t 300 -a "$tmp/accounts" -P register "$invite" ||
    die "not all accounts could be made"
"$build/tingyu-bench" -q -v -n "$clients" -t 300 -a "$tmp/accounts" -P login,survive -k "$ping" \
    -s "$seconds" "$invite" 2>"$tmp/why" >"$tmp/bench" &
bench=$!
wait_for "$bench" "$tmp/bench" "online $clients"
tail -f -n +1 --pid="$bench" "$tmp/bench" &
"faults_$kind"
wait "$bench"
code=$?
sleep 1
grep -v ' debug: ' "$tmp/why"
exit $code
