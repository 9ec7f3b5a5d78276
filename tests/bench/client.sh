#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What the full screen of tingyu costs a person, on this machine: a table of
# figures with the goals beside them.

set -u
cd "$(dirname "$0")/../.." || exit

build=build seconds=120

usage()
{
	cat <<'HELP'
usage: tests/bench/client.sh [-b BUILD-FOLDER] [-i SECONDS]

Runs tingyu on a pseudo-terminal at a server of its own, in a temporary folder,
and prints: exec to the first full screen, memory, wake-ups while idle, key to
echo (also while messages arrive), a message from another client to the screen
(with all that the other client does), a burst of messages.

  -b  where the programs are (build)
  -i  how long to watch it do nothing (120)
HELP
}

while getopts b:i:h option; do
	case $option in
	b) build=$OPTARG ;;
	i) seconds=$OPTARG ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done

make -s -C "$build" tests/bench/client_figures || exit
figures=$(top_builddir=$build "$build/tests/bench/client_figures" "$seconds") || exit

row() # NAME WHAT GOAL UNIT
{
	awk -v name="$1" -v what="$2" -v goal="$3" -v unit="$4" '
		$1 == name && $2 == "median" {
			printf "%-48s %9.3f %9.3f %9s %s\n", what, $3, $5, goal, unit
		}
		$1 == name && $2 != "median" {
			printf "%-48s %9.2f %9s %9s %s\n", what, $2, "", goal, unit
		}' <<<"$figures"
}

printf '%-48s %9s %9s %9s\n' '' median p99 goal
row first_screen_ms 'exec to the first full screen' 8 ms
row start_rss_mb 'resident memory after the start' 10.9 MB
row start_pss_mb '... its own share' '' MB
row lines_rss_mb 'resident memory with a session and its messages' 10.9 MB
row lines_pss_mb '... its own share' '' MB
row idle_wakeups_a_minute 'wake-ups a minute, signed in and idle' 1 ''
row idle_cpu_us_a_minute 'CPU a minute, signed in and idle' '' us
row cat_echo_us 'a line to cat(1) and back' '' us
row key_echo_us 'key to echo' 100 us
row key_echo_loaded_us 'key to echo, 370 messages a second' 100 us
row message_us 'typed at another client to the screen' 250 us
row burst_ms '1000 messages as fast as they are sent' 80 ms
row burst_cpu_ms '... CPU for them' '' ms
row burst_frames '... frames' 10 ''
