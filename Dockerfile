# Nadir's super-resolution behind the DEEPaaS V2 API, on CPU, as a user without rights (docs/serving.md).
#
#   docker build -t nadir .
#   docker run --rm -p 127.0.0.1:5000:5000 --tmpfs /tmp -v $PWD/runs:/srv/nadir/runs -v $PWD/products:/srv/nadir/data:ro nadir
#
# Written beside a server that its tests start, but NOT BUILT where it was written: there was no Docker there.

FROM python:3.11-slim AS build
# A compiler is for packages without a wheel for this platform.
RUN apt-get update && apt-get install -y --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/* \
    && pip install --no-cache-dir uv
WORKDIR /opt/nadir
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never
# The dependencies first: they change less often than the code.
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY third_party third_party
RUN uv sync --frozen --no-dev --extra serve --extra products --no-install-project
COPY . .
RUN uv sync --frozen --no-dev --extra serve --extra products

FROM python:3.11-slim
# libexpat and libgomp are what the wheels of rasterio and torch expect of the system.
RUN apt-get update && apt-get install -y --no-install-recommends libexpat1 libgomp1 && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /srv/nadir --create-home nadir \
    && install -d -o nadir -g nadir /srv/nadir/work /srv/nadir/runs /srv/nadir/data
# The code belongs to root: the server cannot change itself.
COPY --from=build /opt/nadir /opt/nadir
ENV PATH=/opt/nadir/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    DEEPAAS_V2_MODEL=nadir \
    OMP_WAIT_POLICY=PASSIVE \
    NADIR_SERVING_WORK_FOLDER=/srv/nadir/work \
    NADIR_SERVING_DATA_FOLDER=/srv/nadir/data \
    NADIR_SERVING_RUNS_FOLDER=/srv/nadir/runs
USER nadir
WORKDIR /srv/nadir
VOLUME ["/srv/nadir/runs"]
EXPOSE 5000
# deepaas-run does not end by SIGTERM; what it leaves in its work folder is swept at the next start.
STOPSIGNAL SIGKILL
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:5000/v2/models/', timeout=4)"]
# Two workers: a training occupies one for as long as it takes, and predictions want another.
CMD ["deepaas-run", "--listen-ip", "0.0.0.0", "--listen-port", "5000", "--workers", "2"]
