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
if [ "$EXIT_CODE" = 1 ] && [ "$INPUT_SUMMARY" = true ] && [ -n "$ARTIFACT_URL" ]; then
    # What the commands in the summary need.
    printf -v name %q "$INPUT_ARTIFACT_NAME"
    {
        printf '\nThe report on your machine:\n\n~~~sh\n'
        printf 'gh run download %s --repo %s --name %s --dir loadgate-report\n~~~\n' "$GITHUB_RUN_ID" "$GITHUB_REPOSITORY" "$name"
    } >>"$GITHUB_STEP_SUMMARY"
fi
exit "${EXIT_CODE:-2}"
