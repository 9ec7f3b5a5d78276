# SPDX-License-Identifier: ISC
#
# Debian packages, for quickstart and check. Nothing is asked of the network
# when everything is there already.

packages_to_build="autoconf automake make gcc libc6-dev pkgconf
	libevent-dev libgnutls28-dev libsodium-dev libsqlite3-dev libutf8proc-dev
	libncurses-dev"

# libvterm to see what a terminal would show; clang for warnings that gcc does
# not have; mariadbd without its service (the tests start their own in a
# temporary folder).
packages_to_test="libcmocka-dev libvterm-dev libmariadb-dev mariadb-server-core
	mariadb-client-core clang mandoc xz-utils"

packages_missing() # PACKAGE...
{
	local package

	for package; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" \
		    2>/dev/null)" = installed ] || printf ' %s' "$package"
	done
}

packages_install() # PACKAGE...
{
	local missing as_root=

	if ! command -v dpkg-query >/dev/null; then
		echo "This is not Debian: what is missing has to be installed" \
		    "by hand ($*)."
		return 0
	fi
	missing=$(packages_missing "$@")
	[ -n "$missing" ] || return 0

	if [ "$(id -u)" -ne 0 ]; then
		as_root=sudo
		if ! command -v sudo >/dev/null; then
			echo "Missing packages, and no sudo to install them." \
			    "As root: apt-get install$missing" >&2
			return 1
		fi
	fi
	echo "Installing$missing"
	# Words are meant to be split here.
	$as_root apt-get -qq update &&
	    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 \
		--no-install-recommends install $missing >/dev/null || {
		echo "apt-get could not install$missing" >&2
		return 1
	}
}
