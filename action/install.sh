#!/usr/bin/env bash
# Finds the loadgate to run and says where it is: the input binary-path, the runner's tool cache, a download whose SHA-256 is
# in checksums.txt of this very commit, or a build from this commit's sources. No API is called, so no rate limit applies.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=action/common.sh
. "$here/common.sh"

# The machine as Rust names it.
target() {
    local machine system
    case "${RUNNER_ARCH:-$(uname -m)}" in
        X64 | x86_64 | amd64) machine=x86_64 ;;
        ARM64 | aarch64 | arm64) machine=aarch64 ;;
        *) machine="$(uname -m)" ;;
    esac
    case "${RUNNER_OS:-$(uname -s)}" in
        Linux)
            system=unknown-linux-gnu
            # musl's ldd says its name and fails.
            if (ldd --version 2>&1 || true) | grep -qi musl; then system=unknown-linux-musl; fi
            ;;
        macOS | Darwin) system=apple-darwin ;;
        Windows | MINGW* | MSYS*) system=pc-windows-msvc ;;
        *) system="$(uname -s)" ;;
    esac
    printf '%s-%s' "$machine" "$system"
}

sha256() {
    if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

# What the input names: a path, or a program on the path.
named() {
    local binary="$INPUT_BINARY_PATH"
    cd "$INPUT_WORKING_DIRECTORY"
    case "$binary" in
        /* | [A-Za-z]:*) ;;
        */*) binary="$PWD/$binary" ;;
        *) if [ -f "$binary" ]; then binary="$PWD/$binary"; else binary="$(command -v "$binary" || printf '%s' "$binary")"; fi ;;
    esac
    [ -f "$binary" ] || fail "binary-path: there is no file $binary"
    [ -x "$binary" ] || fail "binary-path: $binary is not executable"
    printf '%s' "$binary"
}

# The version whose archives were released with this commit: the first in checksums.txt.
released() { sed -n 's/^[0-9a-f]* [ *]loadgate-\([^-]*\)-.*/\1/p' "$here/checksums.txt" | head -n 1; }

download() {
    local archive="$1" expected="$2" folder="$3" url found own
    # A mirror may be unsafe or slow, but not wrong: the checksum decides.
    url="${LOADGATE_DOWNLOADS:-https://github.com/loadgate/loadgate/releases/download}/v$version/$archive"
    # In a folder of its own, and then moved file by file: jobs that share a machine share the cache, and may install at once.
    mkdir -p "$folder"
    own="$(mktemp -d "$cache/installing.XXXXXX")"
    curl --fail --location --silent --show-error --retry 5 --retry-connrefused --connect-timeout 15 --max-time 300 \
        --output "$own/$archive" "$url" || { rm -rf "$own"; fail "cannot download $url"; }
    found="$(sha256 "$own/$archive")"
    if [ "$found" != "$expected" ]; then
        rm -rf "$own"
        fail "$url is not what was released: its SHA-256 is $found, expected $expected"
    fi
    mkdir "$own/unpacked"
    tar -xzf "$own/$archive" -C "$own/unpacked" --strip-components 1
    mv -f "$own/unpacked"/* "$folder/"
    # Last, so that an install that was cut short does not count.
    printf '%s\n' "$expected" >"$own/complete"
    mv -f "$own/complete" "$folder/complete"
    rm -rf "$own"
}

# The sources of this commit, built: for machines without a published binary.
build() {
    local folder="$1"
    command -v cargo >/dev/null || fail "fallback: cargo is not installed here"
    printf 'loadgate: building from source\n' >&2
    # From the sources' folder: rustup takes the toolchain that the current folder asks for.
    (cd "$here/.." && cargo install --locked --quiet --path runner --root "$folder" >&2) || fail "loadgate does not build here"
}

cache="${RUNNER_TOOL_CACHE:-${RUNNER_TEMP:-${TMPDIR:-/tmp}}}/loadgate"
binary=""
suffix=""
if [ -n "$INPUT_BINARY_PATH" ]; then
    binary="$(named)" || { printf '%s\n' "$binary"; exit 2; }
else
    version="${INPUT_VERSION:-$(released)}"
    version="${version#v}"
    target="$(target)"
    case "$target" in *windows*) suffix=.exe ;; esac
    archive="loadgate-$version-$target.tar.gz"
    expected="$(sed -n "s/^\([0-9a-f]\{64\}\) [ *]$archive\$/\1/p" "$here/checksums.txt" | head -n 1)"
    if [ -n "$expected" ]; then
        folder="$cache/$version/$target"
        if [ "$(cat "$folder/complete" 2>/dev/null)" != "$expected" ]; then download "$archive" "$expected" "$folder"; fi
        binary="$folder/loadgate$suffix"
    elif [ "$INPUT_FALLBACK" = cargo ]; then
        build "$cache/built"
        binary="$cache/built/bin/loadgate$suffix"
    else
        fail "this version of the action knows no loadgate ${version:-binary} for $target; give binary-path, or fallback: cargo to build it"
    fi
fi

version="$("$binary" --version)" || fail "$binary does not run here"
output binary "$binary"
output version "${version##* }"
# Where base revisions are built in paired mode: a place that outlives the job, where the machine does.
output base-cache "${LOADGATE_BASE_CACHE:-$(native "$cache")/base}"
printf 'loadgate %s\n' "${version##* }"
