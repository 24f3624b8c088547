#!/usr/bin/env bash
# Finds the loadgate to run and says where it is.
set -euo pipefail
# shellcheck source=action/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if [ -n "$INPUT_BINARY_PATH" ]; then
    cd "$INPUT_WORKING_DIRECTORY"
    binary="$INPUT_BINARY_PATH"
    case "$binary" in
        /* | [A-Za-z]:*) ;;
        */*) binary="$PWD/$binary" ;;
        # A bare name is a program on the path.
        *) if ! [ -f "$binary" ] && command -v "$binary" >/dev/null; then binary="$(command -v "$binary")"; else binary="$PWD/$binary"; fi ;;
    esac
    [ -f "$binary" ] || fail "binary-path: there is no file $binary"
    [ -x "$binary" ] || fail "binary-path: $binary is not executable"
else
    fail "set the input binary-path"
fi

version="$("$binary" --version)" || fail "$binary does not run here: $version"
output binary "$binary"
output version "${version##* }"
printf 'loadgate %s\n' "${version##* }"
