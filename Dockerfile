# The gateway and the simulator as one image, for linux/amd64 and linux/arm64:
#   docker build -t gatehouse .
# Pin both images by digest in your own pipeline.

FROM node:26-bookworm-slim AS build
WORKDIR /build
COPY . .
RUN npm run pack
WORKDIR /opt/gatehouse
RUN cp /build/dist/package.json /build/dist/package-lock.json /build/dist/*.tgz . \
 && cp /build/dist/LICENSE /build/dist/THIRD-PARTY-NOTICES /build/dist/sbom.cdx.json . \
 && npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm *.tgz \
 # The Node that comes with the package, under a name that is the same for each platform.
 && ln -s "$(ls -d node_modules/node-*linux-*/bin/node)" node \
 && ./node --version \
 && mkdir -m 700 /state \
 # Node needs it since version 25, and the image below lacks it.
 && mkdir -p "/runtime/usr/lib/$(uname -m)-linux-gnu" \
 && cp -L "/usr/lib/$(uname -m)-linux-gnu/libatomic.so.1" "/runtime/usr/lib/$(uname -m)-linux-gnu/"

# glibc, libstdc++ and certificates, and neither a shell nor a package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /runtime/ /
COPY --from=build /opt/gatehouse /opt/gatehouse
# The user nonroot of the base image. A volume that is mounted here gets this owner where it is empty.
COPY --from=build --chown=65532:65532 /state /var/lib/gatehouse
USER 65532:65532
# ledger: { directory: /var/lib/gatehouse/ledger }. All else can be mounted for reading only (`--read-only`).
VOLUME /var/lib/gatehouse
WORKDIR /var/lib/gatehouse
EXPOSE 8080 8081
# SIGTERM ends the gateway after its calls: give it more than gateway.timeouts.shutdownGrace (60s) and 20 s
# (`docker run --stop-timeout 100`). SIGHUP reloads.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["/opt/gatehouse/node", "-e", "fetch('http://127.0.0.1:8080/healthz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/opt/gatehouse/node", "/opt/gatehouse/node_modules/@gatehouse/gateway/dist/cli/main.js"]
CMD ["serve", "--config", "/etc/gatehouse/gatehouse.yaml"]
