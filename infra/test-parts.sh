#!/usr/bin/env bash
# Get what the tests need and the wheels do not bring: Mosquitto, bubblewrap (for TimescaleDB from
# Debian's packages), Chromium, openssl. As root on a Debian-like machine apt is asked; elsewhere
# this says what is missing and goes on, and the tests skip what they cannot run.
set -euo pipefail

PATH="$PATH:/usr/local/sbin:/usr/sbin"
missing=()

# need PACKAGE PROGRAM...: the package is missing when none of the programs is there.
need() {
  local package=$1 program
  shift
  for program in "$@"; do
    if command -v "$program" >/dev/null; then return; fi
  done
  missing+=("$package")
}

need mosquitto mosquitto
need bubblewrap bwrap
need chromium chromium chromium-browser google-chrome
need openssl openssl

# The packages of TimescaleDB are looked up where apt looks; a new machine has no list yet.
stale_lists() {
  [[ -z $(apt-get indextargets --format '$(FILENAME)' 'Created-By: Packages' 2>/dev/null) ]] ||
    ! compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null
}

if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  if ((${#missing[@]})) || stale_lists; then
    echo "angkut: renewing apt's package lists"
    apt-get -qq update
  fi
  if ((${#missing[@]})); then
    echo "angkut: installing ${missing[*]} with apt, for the tests"
    # Its service is not wanted: the tests start brokers of their own on free ports.
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
      printf '#!/bin/sh\nexit 101\n' >"$policy"
      chmod +x "$policy"
      trap 'rm -f "$policy"' EXIT
    fi
    apt-get -qq install --yes --no-install-recommends "${missing[@]}" >/dev/null
  fi
elif ((${#missing[@]})); then
  echo "angkut: not here: ${missing[*]}. Tests that need them are skipped." >&2
  echo "angkut: on Debian: sudo apt-get install ${missing[*]}" >&2
fi
