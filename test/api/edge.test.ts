import { connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApi } from '../../api/app.js';
import type { ProblemDocument } from '../../domain/api.schema.js';
import { ProjectProblem } from '../../domain/failures.js';
import { asRunner, aStart, KEYS, keysOf, type OpenApi, openApi, postJson, readAs } from './support/api.js';

let on: OpenApi;
beforeAll(async () => {
  on = await openApi();
});
afterAll(() => on.close());

/** Bytes in, bytes out. */
function raw(text: string, port = on.port): Promise<string> {
  const socket = connect(port, '127.0.0.1', () => socket.write(text.replaceAll('\n', '\r\n')));
  return new Promise((resolve, reject) => {
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
    setTimeout(() => socket.destroy(), 3000).unref();
  });
}

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('errors', () => {
  it('are problem documents that name the fields', async () => {
    const answer = await postJson(
      `${on.url}/api/runs`,
      { source: { kind: 'directory', dir: '', color: 1 }, options: { workers: 0 }, more: true },
      { 'X-Request-Id': 'abc-1' },
    );
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(answer.headers.get('x-request-id')).toBe('abc-1');
    const problem = await readAs<ProblemDocument>(answer);
    expect(problem).toMatchObject({
      type: 'urn:baton:problem:bad-request',
      title: 'Bad Request',
      status: 400,
      requestId: 'abc-1',
    });
    expect(problem.errors?.map(({ path }) => path).sort()).toEqual(['', 'options.workers', 'source', 'source.dir']);
    expect(on.ledger.byId.size).toBe(0);
  });

  it.each<[string, number, string, () => Promise<Response>]>([
    ['an unknown path', 404, 'not-found', () => fetch(`${on.url}/api/nothing`)],
    ['an unknown execution', 404, 'not-found', () => fetch(`${on.url}/api/runs/run_x/results`)],
    ['an id that is none', 400, 'bad-request', () => fetch(`${on.url}/api/runs/..%2f..%2fetc`)],
    ['a path that is not well encoded', 400, 'bad-request', () => fetch(`${on.url}/api/runs/%zz`)],
    ['another case of a path', 404, 'not-found', () => fetch(`${on.url}/API/runs`)],
    ['a slash too many', 404, 'not-found', () => fetch(`${on.url}/api/runs/`)],
    ['two slashes', 404, 'not-found', () => fetch(`${on.url}//api/runs`)],
    [
      'broken JSON',
      400,
      'bad-request',
      () =>
        fetch(`${on.url}/api/runs`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"a":' }),
    ],
    [
      'deep JSON',
      400,
      'bad-request',
      () =>
        fetch(`${on.url}/api/runs`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: nested(100_000),
        }),
    ],
    ['no body', 400, 'bad-request', () => fetch(`${on.url}/api/runs`, { method: 'POST' })],
    [
      'text',
      415,
      'unsupported-media-type',
      () => fetch(`${on.url}/api/runs`, { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: '{}' }),
    ],
    [
      'a form',
      415,
      'unsupported-media-type',
      () => fetch(`${on.url}/api/runs`, { method: 'POST', body: new URLSearchParams({ a: '1' }) }),
    ],
    [
      'a body of 257 KiB',
      413,
      'payload-too-large',
      () => postJson(`${on.url}/api/runs`, { x: 'x'.repeat(257 * 1024) }),
    ],
    [
      'a bad Idempotency-Key',
      400,
      'bad-request',
      () => postJson(`${on.url}/api/runs`, aStart(), { 'Idempotency-Key': 'a b' }),
    ],
    [
      '2,000 query parameters',
      400,
      'bad-request',
      () => fetch(`${on.url}/api/runs?${Array.from({ length: 2000 }, (_, i) => `a${i}`).join('&')}`),
    ],
  ])('%s: %i', async (_name, status, kind, ask) => {
    const answer = await ask();
    expect([answer.status, (await readAs<ProblemDocument>(answer)).type]).toEqual([
      status,
      `urn:baton:problem:${kind}`,
    ]);
  });

  it('of the inside say nothing about the inside, and are in the log under the request id', async () => {
    on.ledger.broken = Object.assign(new Error('relation "runs" does not exist'), { code: '42P01' });
    const answer = await fetch(`${on.url}/api/runs`);
    const text = await answer.text();
    on.ledger.broken = undefined;
    expect(answer.status).toBe(500);
    expect(text).not.toMatch(/relation|42P01|at /);
    const { requestId } = JSON.parse(text) as ProblemDocument;
    expect(on.logged).toContainEqual({
      level: 'error',
      message: 'request failed',
      fields: expect.objectContaining({ requestId, err: expect.any(Error) }),
    });
  });

  it.each([
    ['NoTests', 422, 'no-tests'],
    ['StoreUnavailable', 503, 'store-unavailable'],
    ['DiskFull', 507, 'disk-full'],
    ['Internal', 500, 'internal'],
  ] as const)('named %s is %i', async (name, status, kind) => {
    on.ledger.broken = new ProjectProblem(name, 'the sentence for people');
    const answer = await fetch(`${on.url}/api/runs`);
    on.ledger.broken = undefined;
    const problem = await readAs<ProblemDocument>(answer);
    expect([answer.status, problem.type, answer.headers.has('retry-after')]).toEqual([
      status,
      `urn:baton:problem:${kind}`,
      status === 503 || status === 507,
    ]);
    expect(problem.detail === 'the sentence for people').toBe(name !== 'Internal');
  });
});

describe('methods', () => {
  it.each([
    ['DELETE', '/api/runs', 'GET, HEAD, POST'],
    ['PUT', '/api/runs/run_1', 'GET, HEAD'],
    ['GET', '/api/runs/run_1/cancel', 'POST'],
    ['OPTIONS', '/api/runs', 'GET, HEAD, POST'],
    ['POST', '/healthz', 'GET, HEAD'],
  ])('%s %s: 405 with what is allowed', async (method, path, allow) => {
    const answer = await fetch(on.url + path, { method });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
  });

  it('refuses TRACE and unknown methods', async () => {
    for (const method of ['TRACE', 'PROPFIND']) {
      const answer = await raw(`${method} /api/runs HTTP/1.1\nHost: 127.0.0.1\nX-Secret: abc\nConnection: close\n\n`);
      expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 405 Method Not Allowed');
      expect(answer).not.toContain('abc');
    }
  });

  it('refuses a request with two lengths', async () => {
    const answer = await raw(
      'POST /api/runs HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 2\nTransfer-Encoding: chunked\n\n0\n\n',
    );
    expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 400 Bad Request');
  });
});

describe('headers', () => {
  it.each(['/api/runs', '/api/nothing', '/healthz', '/docs', '/docs-json', '/api/runs?limit=0'])(
    '%s carries the protective ones',
    async (path) => {
      const { headers } = await fetch(on.url + path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.has('x-powered-by')).toBe(false);
      expect(headers.has('access-control-allow-origin')).toBe(false);
      expect(headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
    },
  );
});

describe('without keys, on this machine', () => {
  const ask = (method: string, headers: string) =>
    raw(`${method} /api/runs HTTP/1.1\n${headers}\nContent-Length: 0\nConnection: close\n\n`).then((text) =>
      Number(text.split(' ')[1]),
    );

  it('answers loopback names only, so that a rebound name reads nothing', async () => {
    const names = [
      '127.0.0.1',
      'localhost',
      'localhost:8080',
      '[::1]:8080',
      '127.1.2.3',
      'baton.localhost',
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '10.0.0.1',
    ];
    const answers = await Promise.all(names.map((name) => ask('GET', `Host: ${name}`)));
    expect(answers).toEqual([200, 200, 200, 200, 200, 200, 403, 403, 403, 403]);
  });

  it('lets no page of another origin change anything', async () => {
    const own = `Host: 127.0.0.1:${on.port}`;
    expect(await ask('POST', own)).toBe(400);
    expect(await ask('POST', `${own}\nOrigin: http://127.0.0.1:${on.port}`)).toBe(400);
    expect(await ask('POST', `${own}\nOrigin: http://127.0.0.1:1`)).toBe(403);
    expect(await ask('POST', `${own}\nOrigin: https://evil.example`)).toBe(403);
    expect(await ask('POST', `${own}\nOrigin: null`)).toBe(403);
  });

  it('refuses a wrong key all the same', async () => {
    expect((await fetch(`${on.url}/api/runs`, { headers: { Authorization: 'Bearer nonsense' } })).status).toBe(401);
    expect((await fetch(`${on.url}/api/runs`, { headers: { Authorization: 'Basic YTpi' } })).status).toBe(401);
  });
});

describe('with keys', () => {
  it('evaluates twenty wrong keys from an address, then none for a while; the runner is not affected', async () => {
    let evaluated = 0;
    const keys = keysOf(KEYS);
    const strict = await openApi({
      apiKeys: {
        verify: (key) => {
          evaluated++;
          return keys.verify(key);
        },
      },
    });
    try {
      const statuses = [];
      for (let i = 0; i < 30; i++)
        statuses.push((await fetch(`${strict.url}/api/runs`, { headers: { 'X-API-Key': `guess-${i}` } })).status);
      expect(statuses).toEqual([...Array(20).fill(401), ...Array(10).fill(429)]);
      expect(evaluated).toBe(20);
      expect((await fetch(`${strict.url}/healthz`)).status).toBe(200);
      expect((await fetch(`${strict.url}/api/ingest/runs/run_x`, { headers: asRunner })).status).toBe(404);
    } finally {
      await strict.close();
    }
  });

  it('answers pages of the allowed origins, and only them', async () => {
    const shared = await openApi({ apiKeys: keysOf(KEYS), allowedOrigins: ['https://ci.example.org'] });
    try {
      const preflight = (origin: string) =>
        fetch(`${shared.url}/api/runs`, {
          method: 'OPTIONS',
          headers: {
            Origin: origin,
            'Access-Control-Request-Method': 'POST',
            'Access-Control-Request-Headers': 'authorization',
          },
        });
      const good = await preflight('https://ci.example.org');
      expect([good.status, good.headers.get('access-control-allow-origin')]).toEqual([204, 'https://ci.example.org']);
      const bad = await preflight('https://evil.example');
      expect([bad.status, bad.headers.get('access-control-allow-origin')]).toEqual([405, null]);
    } finally {
      await shared.close();
    }
  });
});

describe('a large body that is refused', () => {
  it('is answered, not cut off', async () => {
    const body = Buffer.alloc(6_000_000);
    for (const [headers, path, status] of [
      [{ Authorization: 'Bearer wrong' }, '/api/ingest/runs/run_x/artifacts/a.log', 401],
      [asRunner, '/api/ingest/runs/run_x/artifacts/a.log', 404],
      [asRunner, '/api/nothing', 415],
      [{}, '/api/runs', 415],
    ] as const) {
      const answer = await fetch(on.url + path, {
        method: 'PUT',
        headers: { 'Content-Type': 'text/plain', ...headers },
        body,
      });
      expect([path, answer.status]).toEqual([path, status]);
    }
  });
});

describe('starting to listen', () => {
  const deps = () => ({
    ledger: on.ledger,
    artifacts: on.artifacts,
    engine: on.engine,
    host: '127.0.0.1',
    port: 0,
    runnerToken: 'r'.repeat(32),
    version: '0',
    receiptKeys: [],
    lanes: () => 1,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });

  it.each(['0.0.0.0', '::', '192.0.2.1', 'ci.example.org'])(
    'refuses to be reachable on %s without keys',
    async (host) => {
      await expect(createApi({ ...deps(), host })).rejects.toMatchObject({
        name: 'ProjectProblem',
        problem: 'ConfigInvalid',
        message: expect.stringContaining('API key'),
      });
    },
  );

  it('refuses a runner token that can be guessed', async () => {
    await expect(createApi({ ...deps(), runnerToken: 'secret' })).rejects.toMatchObject({ problem: 'ConfigInvalid' });
  });

  it('says which port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const api = await createApi({ ...deps(), port });
    try {
      await expect(api.listen()).rejects.toMatchObject({
        problem: 'ConfigInvalid',
        message: expect.stringContaining(`Port ${port} on 127.0.0.1 is in use`),
      });
    } finally {
      taken.close();
      await api.close();
    }
  });
});

describe('health', () => {
  it('is alive whatever is missing, and ready names it', async () => {
    expect(await readAs(fetch(`${on.url}/healthz`))).toEqual({ status: 'ok' });
    const ready = await fetch(`${on.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      {
        status: 'ready',
        checks: [
          { name: 'store', ok: true, detail: 'ok' },
          { name: 'engine', ok: true, detail: 'ok' },
          { name: 'artifacts', ok: true, detail: 'ok' },
        ],
      },
    ]);
    const other = await openApi({ dataDir: '/', minFreeBytes: Number.MAX_SAFE_INTEGER });
    other.engine.away = true;
    const not = await fetch(`${other.url}/readyz`);
    const alive = await fetch(`${other.url}/healthz`);
    await other.close();
    expect([not.status, await not.json(), alive.status]).toEqual([
      503,
      {
        status: 'not_ready',
        checks: [
          { name: 'store', ok: true, detail: 'ok' },
          { name: 'engine', ok: false, detail: 'the Temporal server does not answer' },
          { name: 'artifacts', ok: true, detail: 'ok' },
          { name: 'disk', ok: false, detail: 'free disk space is low or cannot be read' },
        ],
      },
      200,
    ]);
  });
});
