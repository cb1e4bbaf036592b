import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRange } from '../../api/artifacts/range.js';
import type { ProblemDocument, RunAnswer } from '../../domain/api.schema.js';
import { aStart, type OpenApi, openApi, postJson, readAs } from './support/api.js';

let on: OpenApi;
let run: string;
const TEXT = '0123456789abcdef';

async function put(name: string, content: string, mediaType: string): Promise<string> {
  const { digest, bytes } = await on.artifacts.put(Buffer.from(content));
  await on.ledger.addArtifact(run, { name, digest, bytes, mediaType });
  return digest;
}

beforeAll(async () => {
  on = await openApi();
  run = (await readAs<RunAnswer>(postJson(`${on.url}/api/runs`, aStart()))).id;
  await put('b1.1/output.log', TEXT, 'text/plain; charset=utf-8');
  await put('evil.html', '<script>alert(1)</script>', 'text/html');
  await put('odd', 'x', 'text/html\r\nX-Injected: 1');
  await put('report.html', '<!doctype html>', 'text/html; charset=utf-8');
  await put('junit.xml', '<testsuites/>', 'application/xml');
  await put('report.json', '{}', 'application/json');
  await put('ctrf.json', '{"ctrf":1}', 'application/json');
});
afterAll(() => on.close());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${on.url}/api/runs/${run}/${path}`, { headers });

describe('downloads', () => {
  it('are attachments with a digest, whatever they are', async () => {
    const answer = await get('artifacts/b1.1/output.log');
    expect(answer.status).toBe(200);
    expect(
      Object.fromEntries(
        ['content-type', 'content-disposition', 'content-length', 'accept-ranges', 'x-content-type-options'].map(
          (name) => [name, answer.headers.get(name)],
        ),
      ),
    ).toEqual({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': `attachment; filename="output.log"; filename*=UTF-8''output.log`,
      'content-length': '16',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
    });
    expect(await answer.text()).toBe(TEXT);
    const html = await get('artifacts/evil.html');
    expect(html.headers.get('content-disposition')).toMatch(/^attachment;/);
    expect(html.headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
    expect((await get('artifacts/odd')).headers.get('content-type')).toBe('application/octet-stream');
    expect((await get('artifacts/report.html')).headers.get('content-disposition')).toMatch(/^attachment;/);
  });

  it('answer ranges and conditions', async () => {
    const etag = (await get('artifacts/b1.1/output.log')).headers.get('etag')!;
    expect(etag).toMatch(/^"sha256:[0-9a-f]{64}"$/);
    const part = await get('artifacts/b1.1/output.log', { Range: 'bytes=4-7' });
    expect([
      part.status,
      part.headers.get('content-range'),
      part.headers.get('content-length'),
      await part.text(),
    ]).toEqual([206, 'bytes 4-7/16', '4', '4567']);
    expect(await (await get('artifacts/b1.1/output.log', { Range: 'bytes=-3' })).text()).toBe('def');
    const behind = await get('artifacts/b1.1/output.log', { Range: 'bytes=16-' });
    expect([behind.status, behind.headers.get('content-range'), behind.headers.get('content-type')]).toEqual([
      416,
      'bytes */16',
      'application/problem+json; charset=utf-8',
    ]);
    expect((await get('artifacts/b1.1/output.log', { 'If-None-Match': etag })).status).toBe(304);
    expect((await get('artifacts/b1.1/output.log', { Range: 'bytes=4-7', 'If-Range': '"other"' })).status).toBe(200);
    const head = await fetch(`${on.url}/api/runs/${run}/artifacts/b1.1/output.log`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '16', '']);
  });

  it.each([
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e/%2e%2e/etc/passwd',
    'b1.1%00/output.log',
    '%2Fetc/passwd',
    'b1.1%5Coutput.log',
    'sha256:0',
    'nothing.log',
    'B1.1/output.log',
  ])('of %s find nothing', async (name) => {
    const answer = await get(`artifacts/${name}`);
    expect([400, 404]).toContain(answer.status);
    expect((await readAs<ProblemDocument>(answer)).status).toBe(answer.status);
  });

  it('say when the content is gone', async () => {
    const digest = await put('old.log', 'old', 'text/plain');
    on.artifacts.kept.delete(digest);
    const answer = await get('artifacts/old.log');
    expect([answer.status, (await readAs<ProblemDocument>(answer)).detail]).toEqual([
      404,
      'The content of old.log is no longer kept.',
    ]);
  });
});

describe('the report', () => {
  it('comes in the form that was asked for', async () => {
    const forms: [string, Record<string, string>, string][] = [
      ['report', {}, '<!doctype html>'],
      ['report', { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9' }, '<!doctype html>'],
      ['report', { Accept: 'application/json' }, '{}'],
      ['report', { Accept: 'application/xml' }, '<testsuites/>'],
      ['report?format=junit', {}, '<testsuites/>'],
      ['report?format=ctrf', { Accept: 'text/html' }, '{"ctrf":1}'],
      ['report?format=json', {}, '{}'],
    ];
    for (const [path, headers, content] of forms) expect(await (await get(path, headers)).text()).toBe(content);
    expect((await get('report?format=pdf')).status).toBe(400);
  });

  it('is shown as a page only inside a sandbox without our origin', async () => {
    const { headers } = await get('report');
    expect(headers.get('content-disposition')).toMatch(/^inline;/);
    const policy = headers.get('content-security-policy');
    expect(policy).toMatch(/^sandbox/);
    expect(policy).not.toContain('allow-same-origin');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'sha256-[^']+';/);
    expect((await get('report?format=junit')).headers.get('content-disposition')).toMatch(/^attachment;/);
  });

  it('of an execution without one is not found, and says why', async () => {
    const other = (await readAs<RunAnswer>(postJson(`${on.url}/api/runs`, aStart()))).id;
    const answer = await fetch(`${on.url}/api/runs/${other}/report`);
    expect([answer.status, (await readAs<ProblemDocument>(answer)).detail]).toEqual([
      404,
      `Execution ${other} has no artifact report.html. It is still running: ask again when it has finished.`,
    ]);
  });
});

describe('ranges', () => {
  it.each<[string | undefined, number, ReturnType<typeof parseRange>]>([
    [undefined, 10, undefined],
    ['bytes=0-', 10, { start: 0, end: 9 }],
    ['bytes=2-99', 10, { start: 2, end: 9 }],
    ['bytes=-99', 10, { start: 0, end: 9 }],
    ['bytes=-0', 10, 'unsatisfiable'],
    ['bytes=10-', 10, 'unsatisfiable'],
    ['bytes=0-', 0, 'unsatisfiable'],
    ['bytes=5-4', 10, undefined],
    ['bytes=-', 10, undefined],
    ['bytes=0-1,3-4', 10, undefined],
    ['lines=0-1', 10, undefined],
    ['bytes=99999999999999999-', 10, undefined],
  ])('%s of %i bytes', (header, size, range) => {
    expect(parseRange(header, size)).toEqual(range);
  });
});
