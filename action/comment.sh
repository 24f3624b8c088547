#!/usr/bin/env bash
# Hands the report to `loadgate comment`. That there can be no comment (a fork's token, no pull request) is told, and fails nothing.
set -euo pipefail
# shellcheck source=action/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if ! [ -f "$REPORT" ]; then
    notice notice "no comment: the run has left no report"
    exit 0
fi
arguments=(comment --when="$INPUT_COMMENT" --key="$INPUT_ARTIFACT_NAME")
if [ -n "$ARTIFACT_URL" ]; then arguments+=(--link="$ARTIFACT_URL"); fi
"$LOADGATE" "${arguments[@]}" -- "$REPORT" || notice warning "no comment: loadgate comment ended with $?"
