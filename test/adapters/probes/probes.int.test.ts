/** Probes against real servers: HTTP, TCP, PostgreSQL that is stopped and started, Redis' protocol, a disk, a process. */
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkOf } from '../../../activities/monitoring/check.js';
import { diskCheck, diskUsage } from '../../../adapters/probes/disk.js';
import { httpCheck } from '../../../adapters/probes/http.js';
import { postgresCheck } from '../../../adapters/probes/postgres.js';
import { processCheck } from '../../../adapters/probes/process.js';
import { queryPrometheus } from '../../../adapters/probes/prometheus.js';
import { redisCheck } from '../../../adapters/probes/redis.js';
import { tcpCheck } from '../../../adapters/probes/tcp.js';
import type { Probe } from '../../../domain/monitoring/health.js';
import { startPostgres, type TestPostgres } from '../../support/postgres.js';
import { startPrometheus } from '../../support/prometheus.js';
import { freePort } from '../../support/temporal.js';

const here = { allowPrivate: ['127.0.0.1', 'localhost', '::1'] };
const open: { close(): unknown }[] = [];
afterAll(() => {
  for (const each of open) each.close();
});

const check = (probe: Probe['check'], timeoutMs = 2000, slowMs?: number) =>
  checkOf({ name: 'x', kind: 'x', timeoutMs, slowMs, check: probe });

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(server);
  return (server.address() as AddressInfo).port;
}

describe('HTTP', () => {
  let url: string;
  let delayMs = 0;
  let hits = 0;
  beforeAll(async () => {
    const server = createHttp((request, response) => {
      hits++;
      if (request.url === '/away') response.writeHead(302, { Location: 'http://127.0.0.1:9/' }).end();
      else if (request.url === '/broken') response.writeHead(500).end('secret stack trace');
      else if (request.url === '/private')
        response.writeHead(request.headers.authorization === 'Bearer t0ken' ? 200 : 401).end();
      else setTimeout(() => response.end('all is well'), delayMs);
    });
    url = `http://127.0.0.1:${await listening(server)}`;
  });
  const http = (path: string, more: object = {}) =>
    httpCheck({ url: `${url}${path}`, timeoutMs: 1000, ...here, ...more });

  it('tells good and bad statuses, text, redirects and tokens apart, and shows nothing of an answer', async () => {
    expect(await check(http('/'))).toMatchObject({ status: 'healthy', latencyMs: expect.any(Number) });
    expect(await check(http('/', { contains: 'is well' }))).toMatchObject({ status: 'healthy' });
    expect((await check(http('/', { contains: 'is ill' }))).sentence).toContain('without the text');
    const broken = await check(http('/broken'));
    expect([broken.status, broken.sentence.includes('500'), broken.sentence.includes('secret')]).toEqual([
      'down',
      true,
      false,
    ]);
    expect((await check(http('/away'))).sentence).toContain('redirects are not followed');
    expect((await check(http('/private'))).status).toBe('down');
    expect((await check(http('/private', { token: 't0ken' }))).status).toBe('healthy');
    expect((await check(http('/broken', { status: [500] }))).status).toBe('healthy');
  });

  it('is slow, or too late', async () => {
    delayMs = 120;
    expect(await check(http('/'), 2000, 50)).toMatchObject({
      status: 'degraded',
      sentence: expect.stringContaining('slower than 50 ms'),
    });
    delayMs = 600;
    const late = await check(http('/'), 150);
    expect([late.status, late.latencyMs < 400, late.sentence]).toEqual([
      'down',
      true,
      expect.stringContaining('No answer within 150 ms'),
    ]);
    delayMs = 0;
  });

  it('nothing listens: the sentence says so', async () => {
    const port = await freePort();
    expect((await check(httpCheck({ url: `http://127.0.0.1:${port}/`, timeoutMs: 500, ...here }))).sentence).toContain(
      'Nothing listens there',
    );
  });

  it.each([
    'http://127.0.0.1',
    'http://127.1',
    'http://0x7f000001',
    'http://2130706433',
    'http://[::ffff:127.0.0.1]',
    'http://localhost',
    'http://169.254.169.254',
    'http://user@127.0.0.1',
  ])('%s is not asked unless the settings name it', async (address) => {
    const before = hits;
    const probe = httpCheck({ url: `${address}:${new URL(url).port}/`, timeoutMs: 500, allowPrivate: [] });
    const found = await check(probe);
    expect([found.status, hits]).toEqual(['down', before]);
    expect(found.sentence).toMatch(/monitoring\.allowPrivate|user name or password/);
  });
});

describe('TCP and Redis', () => {
  it('a port that accepts, one that does not, and one that may not be reached', async () => {
    const port = await listening(createServer((socket) => socket.end()));
    expect((await check(tcpCheck({ host: '127.0.0.1', port, ...here }))).status).toBe('healthy');
    const closed = await freePort();
    expect((await check(tcpCheck({ host: '127.0.0.1', port: closed, ...here }))).sentence).toContain(
      'Nothing listens there',
    );
    expect((await check(tcpCheck({ host: '127.0.0.1', port, allowPrivate: [] }))).sentence).toContain(
      'monitoring.allowPrivate',
    );
  });

  it('Redis: PONG, a password that is asked for, and something else that listens there', async () => {
    const redis = (password?: string) =>
      createServer((socket) => {
        let known = password === undefined;
        socket.on('data', (data) => {
          for (const [, word, rest] of data
            .toString()
            .matchAll(/\*\d\r\n\$\d+\r\n([A-Z]+)\r\n(?:\$\d+\r\n([^\r]*)\r\n)?/g)) {
            if (word === 'AUTH') known = rest === password;
            socket.write(
              word === 'AUTH'
                ? known
                  ? '+OK\r\n'
                  : '-WRONGPASS invalid\r\n'
                : known
                  ? '+PONG\r\n'
                  : '-NOAUTH Authentication required.\r\n',
            );
          }
        });
      });
    const [plain, locked] = [await listening(redis()), await listening(redis('p4ss'))];
    const at = (port: number, password?: string) => check(redisCheck({ host: '127.0.0.1', port, password, ...here }));
    expect((await at(plain)).status).toBe('healthy');
    expect((await at(locked, 'p4ss')).status).toBe('healthy');
    expect((await at(locked)).sentence).toContain('refuses the password (NOAUTH)');
    expect((await at(locked, 'wrong')).sentence).toContain('WRONGPASS');
    const other = await listening(createServer((socket) => socket.end('HTTP/1.1 400\r\n\r\n')));
    expect((await at(other)).sentence).toContain('does not speak the protocol of Redis');
  });
});

describe('PostgreSQL', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.stop());

  it('is well, down while the server is down, and well again', async () => {
    const probe = postgresCheck(postgres.url, 2000);
    expect(await check(probe)).toMatchObject({ status: 'healthy', sentence: expect.stringContaining('MiB') });
    await postgres.crash();
    expect(await check(probe)).toMatchObject({
      status: 'down',
      sentence: expect.stringMatching(/ECONNREFUSED.*Start it/),
    });
    await postgres.restart();
    expect((await check(probe)).status).toBe('healthy');
    const missing = await check(postgresCheck(postgres.url.replace(/postgres$/, 'nothing'), 2000));
    expect(missing.sentence).toContain('The database does not exist');
  });
});

describe('this machine', () => {
  it('a disk below and above its limit', async () => {
    const { ratio } = await diskUsage(tmpdir());
    expect((await check(diskCheck(tmpdir(), 100))).status).toBe('healthy');
    if (ratio > 0.02) expect((await check(diskCheck(tmpdir(), 1))).status).toBe('down');
    expect((await check(diskCheck('/no/such/place', 90))).sentence).toContain('correct the path');
  });

  it('a process that runs and one that does not', async () => {
    expect((await check(processCheck('vitest'))).status).toBe('healthy');
    expect((await check(processCheck('no-such-program-anywhere'))).sentence).toContain('start it');
  });
});

describe('Prometheus', () => {
  it('asks each query as it was written; what is refused or empty is no value, and said', async () => {
    const server = await startPrometheus('t0ken');
    open.push(server);
    server.values.set('sum(rate(http_requests_total{code=~"5.."}[5m]))', [0.25]);
    server.values.set('up', [1, 1, 0]);
    server.values.set('absent_series', []);
    const metrics = [
      { name: 'shop.errors', query: 'sum(rate(http_requests_total{code=~"5.."}[5m]))' },
      { name: 'shop.up', query: 'up' },
      { name: 'shop.none', query: 'absent_series' },
      { name: 'shop.bad', query: 'sum(' },
    ];
    const source = { url: `${server.url}/`, token: 't0ken', timeoutMs: 2000, metrics, ...here };
    const { samples, problems } = await queryPrometheus(source);
    expect(samples).toEqual([
      { name: 'shop.errors', value: 0.25 },
      { name: 'shop.up', value: 2 },
    ]);
    expect(problems).toEqual([
      expect.stringContaining('shop.bad: Prometheus refuses the query (bad_data): parse error'),
    ]);
    expect(server.asked.toSorted()).toEqual(metrics.map(({ query }) => query).toSorted());
    const refused = await queryPrometheus({ ...source, token: undefined });
    expect([refused.samples, refused.problems.length]).toEqual([[], 4]);
    const hidden = await queryPrometheus({ ...source, allowPrivate: [], metrics: metrics.slice(0, 1) });
    expect(hidden.problems[0]).toContain('monitoring.allowPrivate');
  });
});
