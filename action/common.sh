# shellcheck shell=bash
# What the action's scripts share. They run in bash 3.2 as well, which is what macOS has.

# A workflow command from text that is ours or that was escaped by `escaped`.
notice() { printf '::%s title=loadgate::%s\n' "$1" "$(escaped "$2")"; }

# Text that the runner takes as data: a line break would begin a new command.
escaped() {
    local text="$1"
    text="${text//'%'/%25}"
    text="${text//$'\r'/%0D}"
    text="${text//$'\n'/%0A}"
    printf '%s' "$text"
}

fail() {
    notice error "$1"
    exit "${2:-2}"
}

# One line of $GITHUB_OUTPUT. The delimiter is drawn at random, so that no value can end itself early.
output() {
    local delimiter
    delimiter="end-$RANDOM$RANDOM$RANDOM$RANDOM"
    printf '%s<<%s\n%s\n%s\n' "$1" "$delimiter" "$2" "$delimiter" >>"$GITHUB_OUTPUT"
}

# A path as the other steps read it: absolute, and on Windows with a drive.
native() {
    if command -v cygpath >/dev/null; then cygpath -m "$1"; else printf '%s' "$1"; fi
}
