# One image for API, control workers and runners; the command says which. Debian, because Temporal's native core needs glibc.
FROM node:22.20.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:22.20.0-bookworm-slim
# What runners need: git for checkouts, bubblewrap and setpriv for the cage, ps for what is left behind.
RUN apt-get update \
  && apt-get install -y --no-install-recommends bubblewrap ca-certificates git procps util-linux \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/adapters/frameworks/reporters ./adapters/frameworks/reporters
COPY --from=build /app/scripts ./scripts
COPY --from=build /app/examples/workflows ./examples/workflows
RUN mkdir -p /var/lib/baton && chown node:node /var/lib/baton
ENV NODE_ENV=production BATON_HOME=/var/lib/baton
USER node
EXPOSE 8080
CMD ["node", "dist/workers/api.js"]
