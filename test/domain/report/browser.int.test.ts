/** The report in a real browser: hostile texts stay text, the filter works, and a big page opens quickly. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toHtml } from '../../../domain/report/html.js';
import { buildReport } from '../../../domain/report/model.js';
import { POLYGLOTS } from './arbitrary.js';
import { attempt, input, sample } from './sample.js';

const BROWSER = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'baton-report-'));
});
afterAll(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));

/** The page's DOM after its script has run. */
async function dump(page: string): Promise<string> {
  const file = join(dir, 'report.html');
  await writeFile(file, page);
  const args = [
    ...FLAGS,
    `--user-data-dir=${join(dir, 'profile')}`,
    '--virtual-time-budget=3000',
    '--dump-dom',
    `file://${file}`,
  ];
  const { stdout } = await promisify(execFile)(BROWSER ?? '', args, { timeout: 120_000, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

describe.skipIf(BROWSER === undefined)('in Chromium', () => {
  test('texts that try to run stay text, in every field', async () => {
    const tests = POLYGLOTS.map((bad, i) => {
      const one = attempt({
        occurrence: i + 1,
        status: 'failed',
        path: [bad],
        file: bad,
        suite: bad,
        message: bad,
        stack: bad,
        expected: bad,
        actual: `${bad}!`,
        stdout: bad,
        stderr: bad,
        note: bad,
        runner: bad,
      });
      return { attempts: [one, { ...one, attempt: 2 }], status: 'failed' as const };
    });
    const given = input(tests);
    const bad = POLYGLOTS.join('\n');
    const dom = await dump(
      toHtml(
        buildReport({
          ...given,
          run: { ...given.run, project: bad, branch: bad, principal: bad },
          verdict: { ...given.verdict, sentence: bad, notes: [bad] },
        }),
      ),
    );
    expect(dom.match(/<script/g)).toHaveLength(1);
    expect(dom).not.toMatch(/<(?:img|iframe|svg\/)/);
    expect(/<title>([^<]*)/.exec(dom)?.[1]).toMatch(/^✕ Failed · /);
    expect(dom.match(/<details class="card"[^>]*data-s="failed"/g)).toHaveLength(POLYGLOTS.length);
  });

  test('the policy lets the own script run, and the filter form appears', async () => {
    const page = toHtml(buildReport(sample()));
    expect(page).toContain('<form id="search" role="search" hidden>');
    expect(await dump(page)).toContain('<form id="search" role="search">');
  });

  test('10,000 tests open', async () => {
    const tests = Array.from({ length: 10_000 }, (_, i) => ({
      attempts: [attempt({ occurrence: i + 1, file: `f${i % 500}.test.js` })],
      status: 'passed' as const,
    }));
    const page = toHtml(buildReport(input(tests)));
    const start = performance.now();
    const dom = await dump(page);
    expect(dom).toContain('</html>');
    expect(performance.now() - start).toBeLessThan(30_000);
  });
});

test.runIf(BROWSER === undefined)('no Chromium here: the page was not looked at', () => {
  console.warn(
    'Chromium is not installed: test/domain/report/browser.int.test.ts did not look at the report in a browser.',
  );
});
