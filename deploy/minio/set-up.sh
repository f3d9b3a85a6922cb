#!/bin/sh
# Makes the bucket of the claim store and the policies of its three users on a MinIO server. May be run again: what is there stays, and the
# policies become what the files here say.
#
#     set-up.sh ALIAS [BUCKET] [SUBJECT]
#
# ALIAS    a server that `mc alias set` has made known, with an administrator's key
# BUCKET   its name; static-environments without
# SUBJECT  the `sub` of the GitLab job that may publish: project_path:GROUP/PROJECT:ref_type:branch:ref:BRANCH
set -eu

alias_name="${1:?say which server: set-up.sh ALIAS [BUCKET] [SUBJECT]}"
bucket="${2:-static-environments}"
subject="${3:-project_path:platform/static-environments:ref_type:branch:ref:main}"
mc="${MC:-mc}"
here="$(cd "$(dirname "$0")" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Object lock can only be switched on when a bucket is made; it brings versioning.
"$mc" mb --ignore-existing --with-lock "$alias_name/$bucket"
# A bucket that was there before may have neither.
"$mc" retention info --default "$alias_name/$bucket" > "$work/lock" 2>&1 || {
  echo "$bucket was made without object lock, which cannot be switched on any more: choose another name" >&2
  exit 1
}
# What the start-up proof leaves is locked for twenty minutes and then of no use: the server throws it away.
"$mc" ilm rule ls "$alias_name/$bucket" 2>/dev/null | grep -q "proof/" ||
  "$mc" ilm rule add --prefix "proof/" --expire-days 1 --noncurrent-expire-days 1 "$alias_name/$bucket"

for policy in publisher publisher-gitlab reader auditor; do
  sed -e "s#:::static-environments#:::$bucket#g" \
    -e "s#project_path:platform/static-environments:ref_type:branch:ref:main#$subject#" \
    "$here/$policy.json" > "$work/$policy.json"
  "$mc" admin policy create "$alias_name" "$bucket-$policy" "$work/$policy.json"
done
