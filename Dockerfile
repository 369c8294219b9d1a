# The images of Weir, a target each: generator, detector (the topics job is in it too), quality, training. From here:
#   docker build --target detector -t weir-detector:0.1.0 .

# The tag is exact. k8s/README.md says how to add a digest.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

# The manifests alone, so that a change of source installs nothing anew.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages packages
COPY services services
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc -delete && find . -type d -empty -delete

# The packages of others, none for development; and a list of them, for whoever looks for holes: /app/sbom.json.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY --from=manifests /app ./
RUN npm ci --omit=dev --ignore-scripts --workspace=@weir/generator --workspace=@weir/detector --workspace=@weir/quality --workspace=@weir/dataset
COPY tools/image/sbom.ts /tmp/sbom.mts
RUN npm sbom --package-lock-only --sbom-format=cyclonedx | node /tmp/sbom.mts > sbom.json

FROM ${NODE_IMAGE} AS runtime
LABEL org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
# node_modules/@weir/* are symlinks to the folders below: Node runs .ts files from there, not from node_modules.
COPY --from=dependencies /app ./
COPY packages packages

FROM ${NODE_IMAGE} AS training
LABEL org.opencontainers.image.title="weir-training" \
      org.opencontainers.image.description="Trains the model of a ruleset from history" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv \
  && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/apt/*.bin /var/cache/ldconfig/aux-cache
WORKDIR /app
COPY tools/weir/training/python.ts tools/weir/training/requirements.txt tools/weir/training/
# Once and here: the root file system of the job is read-only. With a date set, what Python compiles names no other.
RUN SOURCE_DATE_EPOCH=0 node -e 'import("./tools/weir/training/python.ts").then(({ pythonOf }) => pythonOf(console.log))'
COPY --from=runtime /app ./
COPY tools/cli tools/cli
COPY tools/weir tools/weir
USER 1000:1000
ENTRYPOINT ["node", "tools/weir/main.ts"]

FROM runtime AS service
# A quarter of the container's memory is Node's default for the heap; this process has it to itself.
ENV NODE_OPTIONS=--max-old-space-size-percentage=60 \
    HOST=0.0.0.0
# The image's user `node`, by number, so that a cluster can see that it is not root. The files stay root's.
USER 1000:1000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`, { signal: AbortSignal.timeout(4000) }).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node"]

FROM service AS generator
LABEL org.opencontainers.image.title="weir-generator" \
      org.opencontainers.image.description="Writes made-up transactions and their labels to Kafka at a set rate"
ENV PORT=8081
EXPOSE 8081
COPY scenarios scenarios
COPY services/generator services/generator
CMD ["services/generator/main.ts"]

FROM service AS quality
LABEL org.opencontainers.image.title="weir-quality" \
      org.opencontainers.image.description="Joins decisions with labels, and exports how good they are"
ENV PORT=8082 \
    RULESET=rulesets/card-payments.yaml
EXPOSE 8082
COPY rulesets rulesets
COPY services/quality services/quality
CMD ["services/quality/main.ts"]

FROM service AS detector
LABEL org.opencontainers.image.title="weir-detector" \
      org.opencontainers.image.description="Decides every transaction on Kafka exactly once"
ENV PORT=8080 \
    RULESET=rulesets/card-payments.yaml
EXPOSE 8080
COPY rulesets rulesets
COPY tools/cli tools/cli
COPY tools/weir tools/weir
COPY services/detector services/detector
CMD ["services/detector/main.ts"]
