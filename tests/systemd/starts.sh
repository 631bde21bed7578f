# Sourced by in-container: starts that fail or follow each other fast.

# A handful of deaths of the keeper within ten seconds is no reason to give up.
test_keeper_deaths() {
  local main i began=$SECONDS
  for i in 1 2 3 4 5 6 7 8; do
    until_true 30 systemctl is-active ringmaster.service || fail "not active before death $i"
    main=$(state MainPID)
    kill -KILL "$main"
    until_true 30 sh -c "[ \"\$(systemctl show -P MainPID ringmaster.service)\" != $main ]" || fail "still $main after its death"
  done
  until_true 60 ringmaster health --ready || fail "not healthy after 8 deaths of the keeper: $(state Result)"
  sha >/dev/null || fail "submit after 8 deaths of the keeper: exit status $?"
  echo "keeper: killed 8 times in $((SECONDS - began)) s, serves"
}

# Who stops it is told that its socket starts it again; who only asks how it is starts nothing; who has work does.
test_stop_and_probes() {
  local said probe
  said=$(ringmaster stop 2>&1) || fail "ringmaster stop: exit status $?: $said"
  case $said in *"socket unit"*) ;; *) fail "ringmaster stop does not speak of the socket unit: $said" ;; esac
  until_true 60 sh -c '[ "$(systemctl is-active ringmaster.service)" = inactive ]' || fail "not inactive after ringmaster stop"
  systemctl is-active --quiet ringmaster.socket || fail "the socket unit is not active"
  for probe in "" --live --ready --json "--ready --wait 1s"; do
    ringmaster health $probe >/dev/null 2>&1
    [ $? -eq 2 ] || fail "health $probe of a stopped service is not 2"
  done
  sleep 1
  [ "$(systemctl is-active ringmaster.service)" = inactive ] || fail "a health probe started the stopped service"
  sha >/dev/null || fail "submit to a stopped service: exit status $?"
  [ "$(state ActiveState)" = active ] || fail "a job did not start the stopped service"
  echo "stopped: $said"
  echo "stopped: probes start nothing, a job does"
}

# A wrong configuration: who waits hears it, at once and every time; the mended file is in force with the next client.
test_broken_configuration() {
  systemctl stop ringmaster.service
  mkdir -p /etc/ringmaster
  echo 'RINGMASTERD_OPTIONS="--config /etc/ringmaster/ringmaster.toml"' >/etc/default/ringmaster
  printf '[pool.default]\nwrokers = 2\n' >/etc/ringmaster/ringmaster.toml
  systemctl is-active --quiet ringmaster.socket || fail "the socket unit is not active"
  local client clients='' i
  # More than systemd's limits for starts in ten seconds would let through, at once and one after the other.
  for i in $(seq 12); do
    sha >/opt/ringmaster/refused.$i 2>&1 &
    clients="$clients $!"
  done
  for client in $clients; do ! wait "$client" || fail "a job was done by a wrong configuration"; done
  for i in $(seq 12); do
    grep -q wrokers /opt/ringmaster/refused.$i || fail "client $i was not told: $(cat /opt/ringmaster/refused.$i)"
  done
  for i in $(seq 12); do
    ! sha >/opt/ringmaster/refused 2>&1 || fail "a job was done by a wrong configuration"
    grep -q wrokers /opt/ringmaster/refused || fail "the next client was not told: $(cat /opt/ringmaster/refused)"
  done
  echo "a wrong configuration: $(head -n 1 /opt/ringmaster/refused)"
  systemctl is-active --quiet ringmaster.socket || fail "the socket unit gave up: $(systemctl show -P Result ringmaster.socket)"
  printf '[pool.default]\nworkers = 2\n' >/etc/ringmaster/ringmaster.toml
  # The last refusing daemon may still linger; the client after it is served.
  until_true 10 sha || fail "the mended configuration is not in force: $(sha 2>&1)"
  [ "$(state ActiveState)" = active ] || fail "$(state ActiveState) with the mended configuration"
  rm -f /etc/default/ringmaster
  echo "mended: serves with the next client"
}

# Nothing works (here: the program is not there): the socket is closed, so that nobody waits for ever.
test_no_program() {
  systemctl stop ringmaster.service
  mkdir -p /run/systemd/system/ringmaster.service.d
  printf '[Service]\nExecStart=\nExecStart=/bin/sh -c "exit 69"\n' >/run/systemd/system/ringmaster.service.d/broken.conf
  systemctl daemon-reload
  local status=0
  timeout 60 ringmaster submit default/echo </dev/null >/opt/ringmaster/refused 2>&1 || status=$?
  [ $status -ne 0 ] && [ $status -ne 124 ] || fail "a client of a service that cannot run: exit status $status"
  until_true 30 sh -c '[ "$(systemctl is-active ringmaster.socket)" = failed ]' || fail "the socket unit is $(systemctl is-active ringmaster.socket)"
  echo "a service that cannot run: $(head -n 1 /opt/ringmaster/refused)"
  rm -r /run/systemd/system/ringmaster.service.d
  systemctl daemon-reload
  systemctl reset-failed ringmaster.service ringmaster.socket
  systemctl restart ringmaster.socket && sha >/dev/null || fail "submit after the service can run again: exit status $?"
}
