# The product without the sandbox and without private engines; docker-compose.yml runs its parts.
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home grafik \
    && mkdir /data \
    && chown grafik /data

WORKDIR /app
# Packages first: a change of the code does not install them again.
COPY requirements requirements
COPY bin/_setup.py bin/_progress.py bin/
RUN python3 bin/_setup.py base
COPY . .
RUN .venv/bin/python bin/_catalogues.py

USER grafik
ENV DATA_DIR=/data
VOLUME /data
EXPOSE 8000
# The start commands are those of bin/serve on one machine: migrate, web, worker, beat.
ENTRYPOINT ["bin/serve"]
CMD ["web", "--host", "0.0.0.0"]
