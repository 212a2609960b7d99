# One image for every process: `docker run causerie` runs all services in one, `docker run causerie users` one of them.

FROM rust:1.95-slim-trixie AS build
WORKDIR /src
COPY . .
# The caches outlive the build: crates are fetched, and those that did not change are compiled, once on a machine.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --locked --release --package causerie \
    && install -D target/release/causerie /out/causerie

FROM debian:trixie-slim
# Volumes mounted here for the first time take over the owner and the mode.
RUN useradd --uid 7667 --no-create-home --shell /usr/sbin/nologin causerie \
    && install -d -o causerie -g causerie -m 700 /data /secrets \
       /secrets/gateway /secrets/users /secrets/channels /secrets/messages /secrets/logs /secrets/nats \
       /secrets/users-database /secrets/channels-database /secrets/messages-database /secrets/logs-database
COPY --from=build /out/causerie /usr/local/bin/
USER causerie
# In a container the loopback address reaches nobody: what is reachable from outside is decided by publishing ports.
ENV CAUSERIE_DATA=/data \
    CAUSERIE_SECRETS=/secrets \
    CAUSERIE_GATEWAY__LINES=0.0.0.0:7667 \
    CAUSERIE_GATEWAY__LINES_TLS=0.0.0.0:7697 \
    CAUSERIE_GATEWAY__IRC=0.0.0.0:6667 \
    CAUSERIE_GATEWAY__IRC_TLS=0.0.0.0:6697 \
    CAUSERIE_GATEWAY__LISTEN=0.0.0.0:8080 \
    CAUSERIE_USERS__LISTEN=0.0.0.0:8101 \
    CAUSERIE_CHANNELS__LISTEN=0.0.0.0:8102 \
    CAUSERIE_MESSAGES__LISTEN=0.0.0.0:8103 \
    CAUSERIE_LOGS__LISTEN=0.0.0.0:8104
EXPOSE 6667 6697 7667 7697 8080 8101 8102 8103 8104
ENTRYPOINT ["causerie"]
