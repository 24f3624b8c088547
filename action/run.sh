#!/usr/bin/env bash
# Wiring only: inputs become arguments, the exit code becomes an output. The verdict, the summary, the annotations and all
# other outputs are written by loadgate itself.
set -euo pipefail
# shellcheck source=action/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

cd "$INPUT_WORKING_DIRECTORY"
arguments=(run)

# One argument per line that is not empty, behind an option's name where there is one.
each_line() {
    local line
    while IFS= read -r line || [ -n "$line" ]; do
        line="${line%$'\r'}"
        [ -n "${line//[[:space:]]/}" ] || continue
        arguments+=("${2:+$2=}$line")
    done <<<"$1"
}
# An option where its input is set.
option() { if [ -n "$2" ]; then arguments+=("$1=$2"); fi; }

each_line "$INPUT_SCENARIO" --only
option --target "$INPUT_TARGET_URL"
option --baseline "$INPUT_BASELINE"
option --mode "$INPUT_MODE"
option --base "$INPUT_BASE_REF"
option --fail-on "$INPUT_FAIL_ON"
# Absolute, so that the paths among the outputs mean the same in every later step.
case "$INPUT_OUT" in /* | [A-Za-z]:*) out="$INPUT_OUT" ;; *) out="$(native "$PWD")/$INPUT_OUT" ;; esac
option --out "$out"
if [ -n "${INPUT_ARGS//[[:space:]]/}" ]; then
    # xargs splits and takes quotes away, but expands nothing.
    words="$(mktemp)"
    printf '%s\n' "$INPUT_ARGS" | xargs printf '%s\0' >"$words" || fail "args: a quote is not closed"
    while IFS= read -r -d '' word; do arguments+=("$word"); done <"$words"
    rm -f "$words"
fi
# After `--` nothing is an option, however a file is named.
arguments+=(--)
each_line "$INPUT_SUITE" ""

if [ "$INPUT_SUMMARY" != true ]; then unset GITHUB_STEP_SUMMARY; fi
# By a variable of its own: without GITHUB_ACTIONS, loadgate would not look for the pull request that it runs for.
if [ "$INPUT_ANNOTATIONS" != true ]; then export LOADGATE_ANNOTATIONS=false; fi

code=0
"$LOADGATE" "${arguments[@]}" || code=$?
output exit-code "$code"
if [ -n "$BASE_FOLDER" ] && [ -d "$BASE_FOLDER" ]; then output base-folder "$BASE_FOLDER"; fi

if [ -d "$out" ]; then
    output out "$out"
    if [ -f "$out/report.html" ]; then
        # An artifact of one unpacked file takes the file's name, which must differ between jobs.
        folder="$(native "$(mktemp -d)")"
        page="$folder/${INPUT_ARTIFACT_NAME//\//-}.html"
        cp "$out/report.html" "$page"
        output page "$page"
    fi
fi
