# A real MinIO for the tests, built with Go where there is one; sourced by .ci/run. The binaries lie outside the checkout and are kept: from
# nothing the two take some eight minutes of two cores, so they are built while other checks run. Without Go the suites run on the directory
# store and on the sandbox's S3 alone, and it is said.
#
#   minio_build    starts the build in the background, where it is needed
#   minio_start    waits for it, starts a server on loopback, and exports CLAIMBOT_TEST_S3_URL, _ACCESS_KEY_ID, _SECRET_ACCESS_KEY,
#                  CLAIMBOT_TEST_MINIO and CLAIMBOT_TEST_MC; says what is not run where it cannot
#   minio_stop     ends whatever of this is still running, and throws the server's data away

# MinIO's last commit, with the fix for conditional writes without a read quorum, and the last mc.
minio_module=github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c
mc_module=github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9
minio_bin="${XDG_CACHE_HOME:-$HOME/.cache}/claimbot/bin"
minio_program="$minio_bin/minio-${minio_module##*-}"
mc_program="$minio_bin/mc-${mc_module##*-}"
minio_work=""
minio_build_pid=""
minio_server_pid=""

minio_build() {
  minio_work="$(mktemp -d)"
  [ -x "$minio_program" ] && [ -x "$mc_program" ] && return
  command -v go > /dev/null || return 0
  mkdir -p "$minio_bin"
  # A process group of its own, so that minio_stop ends the compilers too.
  set -m
  (
    minio_install "$minio_module" minio "$minio_program" && minio_install "$mc_module" mc "$mc_program"
  ) > "$minio_work/build.log" 2>&1 &
  minio_build_pid=$!
  set +m
}

# A program gets its name when it is whole: a build that was cut off is begun again.
minio_install() {
  [ -x "$3" ] && return
  local whole="$minio_bin/.build-$$"
  GOBIN="$whole" nice go install "$1" && mv "$whole/$2" "$3"
  local ended=$?
  rm -rf "$whole"
  return "$ended"
}

minio_start() {
  if [ -n "${CLAIMBOT_TEST_S3_URL:-}" ]; then
    printf 'the S3 server of CLAIMBOT_TEST_S3_URL is used: %s\n' "$CLAIMBOT_TEST_S3_URL"
    return
  fi
  if [ -n "$minio_build_pid" ]; then
    wait "$minio_build_pid"
    minio_build_pid=""
  fi
  if ! [ -x "$minio_program" ] || ! [ -x "$mc_program" ]; then
    minio_missing "$(command -v go > /dev/null && echo "Go could not build it: $(tail -n 3 "$minio_work/build.log")" || echo "there is no Go to build it with")"
    return
  fi
  local port user password
  port="$(node_modules/.bin/node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')"
  user="ci-$(node_modules/.bin/node -p 'crypto.randomUUID()')"
  password="$(node_modules/.bin/node -p 'crypto.randomUUID()')"
  MINIO_ROOT_USER="$user" MINIO_ROOT_PASSWORD="$password" MINIO_BROWSER=off \
    "$minio_program" server --quiet --address "127.0.0.1:$port" "$minio_work/data" > "$minio_work/server.log" 2>&1 &
  minio_server_pid=$!
  if ! minio_ready "http://127.0.0.1:$port/minio/health/ready"; then
    minio_missing "it did not start: $(tail -n 3 "$minio_work/server.log")"
    return
  fi
  export CLAIMBOT_TEST_S3_URL="http://127.0.0.1:$port"
  export CLAIMBOT_TEST_S3_ACCESS_KEY_ID="$user" CLAIMBOT_TEST_S3_SECRET_ACCESS_KEY="$password"
  export CLAIMBOT_TEST_MINIO="$minio_program" CLAIMBOT_TEST_MC="$mc_program"
  printf 'a real MinIO (%s) answers at %s\n' "${minio_module##*-}" "$CLAIMBOT_TEST_S3_URL"
}

# Up to half a minute.
minio_ready() {
  node_modules/.bin/node -e '
    const url = process.argv[1];
    for (const until = Date.now() + 30_000; Date.now() < until; ) {
      const answer = await fetch(url).catch(() => undefined);
      if (answer?.ok) process.exit(0);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    process.exit(1);' --input-type=module "$1"
}

minio_missing() {
  printf 'no real MinIO: %s\n' "$1"
  printf 'not run: the contract of the claim store, its races and proof, the policies of deploy/minio and web identity on a real server;\n'
  printf 'all but the policies run on the directory store and on the sandbox'"'"'s S3 all the same\n'
}

minio_stop() {
  if [ -n "$minio_build_pid" ]; then
    kill -- "-$minio_build_pid" 2> /dev/null
    rm -rf "$minio_bin/.build-$$"
  fi
  if [ -n "$minio_server_pid" ]; then
    kill "$minio_server_pid" 2> /dev/null
    wait "$minio_server_pid" 2> /dev/null
  fi
  minio_build_pid="" minio_server_pid=""
  [ -z "$minio_work" ] || rm -rf "$minio_work"
}
