# shellcheck shell=bash
# A PostgreSQL of the tests' own. Sourced by ./test.

postgres_home=""

# Exports GRANTRY_TEST_POSTGRES. PostgreSQL refuses to run as root, so root runs it as Debian's `postgres`.
start_postgres() {
  local bin port
  bin=$(find_postgres) && postgres_home=$(mktemp --directory --tmpdir grantry-postgres.XXXXXX) || return
  [[ $EUID -ne 0 ]] || chown postgres: "$postgres_home" || return
  as_postgres "$bin/initdb" --pgdata="$postgres_home/data" --username=postgres --auth=trust \
    --encoding=UTF8 --locale=C --no-sync >"$postgres_home/initdb.log" || return
  # Below the ports that the system gives to clients; another program may have taken one all the same.
  for _ in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 10000))
    as_postgres "$bin/pg_ctl" start --wait --silent --pgdata="$postgres_home/data" --log="$postgres_home/log" \
      --options="-h 127.0.0.1 -p $port -k $postgres_home -c max_connections=300" >/dev/null 2>&1 || continue
    export GRANTRY_TEST_POSTGRES=postgres://postgres@127.0.0.1:$port/postgres
    return
  done
  cat "$postgres_home/log"
  return 1
}

stop_postgres() {
  [[ -n "$postgres_home" ]] || return 0
  as_postgres "$(find_postgres)/pg_ctl" stop --mode=immediate --silent --pgdata="$postgres_home/data" >/dev/null 2>&1 || true
  rm -rf "$postgres_home"
}

as_postgres() (
  cd "$postgres_home" || exit
  if [[ $EUID -eq 0 ]]; then exec runuser --user postgres -- "$@"; else exec "$@"; fi
)
