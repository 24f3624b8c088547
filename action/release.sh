#!/usr/bin/env bash
# Makes a release of the archives in a folder, run by the release workflow: a draft with the archives, the commit that fixes
# their checksums, the tag on it, the publication, and the major tag moved along.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dist="$1"
version="$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)"
tag="v$version"

count="$(find "$dist" -name '*.tar.gz' | wc -l)"
[ "$count" -eq 8 ] || { printf 'expected 8 archives, found %s\n' "$count" >&2; exit 1; }
(cd "$dist" && cat ./*.sha256 | sort -k 2 >checksums.txt && sha256sum --check --strict checksums.txt)
if gh release view "$tag" >/dev/null 2>&1; then printf '%s is released already\n' "$tag" >&2; exit 1; fi

# What was released before stays listed: an action may be asked for an older version.
grep -v -F -f <(cut -d ' ' -f 3 "$dist/checksums.txt") action/checksums.txt >action/older.txt || true
cat "$dist/checksums.txt" action/older.txt >action/checksums.txt
rm action/older.txt
git config user.name "github-actions[bot]"
git config user.email "41898282+github-actions[bot]@users.noreply.github.com"
git commit --quiet --message "Release $version: checksums of its archives" action/checksums.txt
git tag "$tag"

gh release create "$tag" --draft --title "$tag" --generate-notes --target "$(git rev-parse HEAD~)" \
    "$dist"/*.tar.gz "$dist/checksums.txt"
# The token goes through the environment of one command and is stored nowhere.
push() { git -c "credential.helper=!f() { echo username=x-access-token; echo \"password=\$GH_TOKEN\"; }; f" push --quiet "$@"; }
push "https://github.com/$GITHUB_REPOSITORY" "HEAD:refs/heads/main" "refs/tags/$tag"
gh release edit "$tag" --draft=false --verify-tag
git tag --force "${tag%%.*}"
push --force "https://github.com/$GITHUB_REPOSITORY" "refs/tags/${tag%%.*}"
