# The Debian packages that sluice needs, in one place; sourced by quickstart, test, bench and .ci/run.
# Bash. Needs root or sudo for what is missing, and nothing at all when nothing is.

# To build and run.
build_packages=(
  g++ cmake ninja-build pkg-config
  libuv1-dev libc-ares-dev node-llhttp libnghttp2-dev libtomlplusplus-dev libabsl-dev libcli11-dev
  libspdlog-dev nlohmann-json3-dev libssl-dev libhiredis-dev
)
# To test, besides the above: real servers and clients for the flow tests.
test_packages=(
  libgtest-dev libgmock-dev libbenchmark-dev
  curl haproxy nginx openssl procps python3 python3-h2 python3-websockets redis-server wrk
)
# To measure, besides those to build: the rivals and the load. git names the commit measured.
bench_packages=(libbenchmark-dev nginx haproxy wrk nghttp2-client curl openssl python3 git)
# For the sanitizer, fuzz, format and tidy runs and for bench/counts, besides both.
ci_packages=(clang clang-format clang-tidy libclang-rt-14-dev git valgrind strace)

# missing_packages PACKAGE...: those of them that are not installed, one a line.
missing_packages() {
  local package
  for package in "$@"; do
    [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] ||
      echo "$package"
  done
}

# apt-get as root. A package that brings a service (nginx does) must not start it: the tests run
# their own, and port 80 is not ours. Debian asks /usr/sbin/policy-rc.d, so one that says no stands
# there while apt runs, unless the machine has one of its own. Services that run are not touched.
apt_as_root() (
  policy=/usr/sbin/policy-rc.d
  as_root=()
  [[ $EUID -eq 0 ]] || as_root=(sudo)
  if [[ ! -e $policy ]]; then
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get \
    -o DPkg::Lock::Timeout=120 -q "$@" </dev/null
)

# install_missing PACKAGE...: one apt run for all that is missing, none when nothing is.
install_missing() {
  local missing
  # Not through process substitution: a bare root may have no /dev/fd.
  missing=$(missing_packages "$@")
  [[ -n $missing ]] || return 0
  read -r -d '' -a missing <<<"$missing" || true
  echo "installing: ${missing[*]}"
  local install=(install -y --no-install-recommends "${missing[@]}")
  # Old package lists are good enough when they still lead somewhere.
  if ! apt_as_root --simulate "${install[@]}" >/dev/null 2>&1; then
    apt_as_root update || return
    apt_as_root "${install[@]}"
    return
  fi
  apt_as_root "${install[@]}" || { apt_as_root update && apt_as_root "${install[@]}"; }
}
