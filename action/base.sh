#!/usr/bin/env bash
# Asks loadgate which commit paired mode will compare with, so that what was built of it can be kept between runs. Where there is
# none, the run itself says why.
set -euo pipefail
# shellcheck source=action/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

cd "$INPUT_WORKING_DIRECTORY"
arguments=(base)
if [ -n "$INPUT_BASE_REF" ]; then arguments+=("--base=$INPUT_BASE_REF"); fi
"$LOADGATE" "${arguments[@]}" || notice notice "the base is not kept between runs: loadgate base ended with $?"
