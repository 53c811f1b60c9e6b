# One static binary on nothing else. Base images are pinned by version; pin them by digest where you build. The binary names
# its version and every module in it (`go version -m`), which `make image` has written down as an SBOM beside the image.
# Pages are not inlined into each handler that shows them: that made the binary larger by a megabyte.
FROM golang:1.26.8-bookworm AS build
ARG VERSION=dev
# otlp: the program can send traces.
ARG TAGS=
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download && go mod verify
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags "timetzdata ${TAGS}" -gcflags mana/web/...=-l -ldflags "-s -w -X main.version=${VERSION}" -o /out/mana . \
 && mkdir -p /out/data

# Beside PostgreSQL's own tools, which backups need: `docker build --target tools .`, and the service "tools" of Compose.
FROM postgres:18.7 AS tools
COPY --from=build /out/mana /usr/local/bin/mana
RUN mkdir -m 0700 /backup && chown 65532:65532 /backup
USER 65532:65532
VOLUME /backup
ENTRYPOINT ["mana"]
CMD ["backup", "--help"]

FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.title="Mana Core Auth" org.opencontainers.image.version="${VERSION}"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/mana /mana
COPY --from=build --chown=65532:65532 /out/data /data
ENV DATA_DIR=/data
USER 65532:65532
VOLUME /data
EXPOSE 3001
HEALTHCHECK --interval=10s --timeout=4s --start-period=5s CMD ["/mana", "healthcheck"]
ENTRYPOINT ["/mana"]
CMD ["serve"]
