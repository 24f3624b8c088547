#!/usr/bin/env bash
# Says where the report is and ends as loadgate ended.
set -euo pipefail
# shellcheck source=action/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if [ -n "$ARTIFACT_URL" ]; then
    if [ "$INPUT_SUMMARY" = true ]; then printf '\n[The full report](%s)\n' "$ARTIFACT_URL" >>"$GITHUB_STEP_SUMMARY"; fi
    printf 'report: %s\n' "$ARTIFACT_URL"
elif [ "$INPUT_UPLOAD_ARTIFACT" = true ]; then
    notice notice "the report could not be uploaded; the verdict stands without it"
fi
exit "${EXIT_CODE:-2}"
