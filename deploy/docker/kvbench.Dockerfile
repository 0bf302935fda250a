# The image of the load generator, for deploy/kubernetes/benchmark.
#
#   docker build -f deploy/docker/kvbench.Dockerfile -t kvbench .

ARG SWIFT_IMAGE=swift:6.3-bookworm
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${SWIFT_IMAGE} AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /source
COPY . .
RUN swift build --configuration release --product kvbench --static-swift-stdlib --package-path Benchmarks/kvbench \
    && deploy/docker/gather "$(swift build --configuration release --package-path Benchmarks/kvbench --show-bin-path)/kvbench" /image

FROM ${BASE_IMAGE}
COPY --from=build /image/usr/ /usr/
USER 65532:65532
ENTRYPOINT ["kvbench"]
