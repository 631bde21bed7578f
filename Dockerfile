# ringmaster in a container: built in one stage, installed into another that has what it needs at run time.
#
#   docker build -t ringmaster .
#   docker run --name ringmaster --stop-timeout 45 -v ringmaster-run:/run/ringmaster ringmaster
#   docker run --rm -i -v ringmaster-run:/run/ringmaster ringmaster ringmaster submit default/sha256 <FILE
#
# This file itself is not built by any test, for want of a Docker daemon: scripts/test-fresh runs its first stage's
# commands on a Debian that has nothing, scripts/test-systemd runs the installed daemon as process 1 of a container of
# the second stage's packages, with a client in another. README.md, "In a container", says what to see to.
FROM debian:bookworm AS build
WORKDIR /src
COPY . .
RUN scripts/install-deps && scripts/build release -DRINGMASTER_TESTS=OFF && \
    cmake --install build/release --prefix /usr/local

FROM debian:bookworm-slim
RUN apt-get update && \
    apt-get install -y --no-install-recommends \
      libvips42 libprotobuf-lite32 libdw1 libzstd1 libcrypt1 && \
    rm -rf /var/lib/apt/lists/* && \
    useradd --system --home-dir /run/ringmaster --shell /usr/sbin/nologin ringmaster && \
    install -d -o ringmaster -g ringmaster -m 0755 /run/ringmaster
COPY --from=build /usr/local /usr/local
# Root may not be needed at all. A pool with a user of its own needs it: `--user root`.
USER ringmaster
ENV RINGMASTER_SOCKET=/run/ringmaster/ringmaster.sock
VOLUME /run/ringmaster
HEALTHCHECK --interval=30s --timeout=10s CMD ["ringmaster", "health", "--live"]
CMD ["ringmasterd"]
