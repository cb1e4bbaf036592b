import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseListing } from '../../../adapters/frameworks/playwright/listing.js';
import { playwrightAdapter } from '../../../adapters/frameworks/playwright.js';
import type { CommandRequest } from '../../../domain/framework.js';
import { localProject, suiteOf } from './polyglot.js';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'baton-playwright-')));
});
afterEach(() => rmSync(root, { recursive: true }));

const write = (path: string, text = ''): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const depends = (change: object = {}): string =>
  JSON.stringify({ devDependencies: { '@playwright/test': '1' }, ...change });
const detected = async () =>
  (await playwrightAdapter.detect(localProject(root))).map(({ config }) => [
    config.name,
    config.dir,
    config.args ?? [],
  ]);

describe('detecting Playwright', () => {
  it('by its configuration in a package that depends on it', async () => {
    write('package.json', depends());
    write('playwright.config.ts');
    expect(await detected()).toEqual([['playwright', '.', []]]);
  });

  it('by what npm test calls, with its arguments', async () => {
    write('package.json', depends({ scripts: { test: 'playwright test --project=web' } }));
    expect(await detected()).toEqual([['playwright', '.', ['--project=web']]]);
  });

  it('by a configuration in a folder that is no package of its own', async () => {
    write('package.json', depends({ scripts: { test: 'vitest run' } }));
    write('e2e/playwright.config.js');
    expect(await detected()).toEqual([['e2e/playwright', 'e2e', []]]);
  });

  it('never by a configuration that nothing could run', async () => {
    write('package.json', '{}');
    write('fixtures/playwright.config.js');
    expect(await detected()).toEqual([]);
  });
});

describe('the command of Playwright', () => {
  const args = async (change: Partial<CommandRequest> = {}): Promise<readonly string[]> => {
    const request = {
      suite: suiteOf('playwright'),
      root,
      files: ['a/b[1].spec.ts'],
      eventsFile: '/e',
      scratchDir: join(root, 'scratch'),
      cores: 3,
      bail: false,
    };
    return (await playwrightAdapter.command({ ...request, ...change })).args;
  };
  beforeEach(() => {
    write('node_modules/@playwright/test/package.json', '{"version":"1.40.0"}');
    write('node_modules/@playwright/test/cli.js');
    write('scratch/x');
  });

  it('names files exactly, results aside, and workers', async () => {
    const [cli, test, reporter, output, workers, filter, ...more] = await args();
    expect([cli, test, output, workers, more]).toEqual([
      join(root, 'node_modules/@playwright/test/cli.js'),
      'test',
      `--output=${join(root, 'scratch/test-results')}`,
      '--workers=3',
      [],
    ]);
    expect(reporter).toMatch(/^--reporter=\/.*adapters\/frameworks\/reporters\/playwright-reporter\.cjs$/);
    const [, source, flags] = /^\/(.*)\/([gi]*)$/.exec(filter!)!;
    const matches = (path: string): boolean => new RegExp(source!, flags).test(path);
    expect(
      [
        join(root, 'a/b[1].spec.ts'),
        join(root, 'a/b1.spec.ts'),
        join(root, 'x/a/b[1].spec.ts'),
        join(root, 'A/b[1].spec.ts'),
      ].map(matches),
    ).toEqual([true, false, false, false]);
  });

  it('leaves workers to a configuration that speaks of them', async () => {
    write('playwright.config.ts', 'export default { workers: process.env.CI ? 1 : undefined }');
    expect((await args()).some((arg) => arg.startsWith('--workers'))).toBe(false);
  });

  it('replaces options that are ours and keeps the others', async () => {
    const suite = suiteOf('playwright', {
      args: [
        '--project',
        'web',
        'mobile',
        '--reporter=html',
        '--shard=1/2',
        '-g',
        'cart',
        '--retries=2',
        'some-filter',
      ],
    });
    expect((await args({ suite, bail: true })).slice(2, -1)).toEqual([
      ...['--project', 'web', 'mobile', '-g', 'cart', '--retries=2'],
      expect.stringContaining('--reporter=/'),
      expect.stringContaining('--output=/'),
      '--workers=3',
      '--max-failures=1',
    ]);
  });
});

describe('the listing of Playwright', () => {
  const listing = {
    config: { rootDir: '/p/tests' },
    suites: [{ file: 'a.spec.ts' }, { file: '../b.spec.ts' }, { file: 'a.spec.ts' }],
  };

  it('is found between other output', () => {
    const text = `loading { "config" }\n${JSON.stringify(listing, null, 2)}\nbye }\n`;
    expect(parseListing(text)).toEqual({ files: ['/p/tests/a.spec.ts', '/p/b.spec.ts'], broken: [] });
  });

  it('names files that failed to load, also where only the message does', () => {
    const errors = [
      { message: 'SyntaxError: x', location: { file: '/p/tests/c.spec.ts' } },
      { message: '/p/tests/d.spec.js: Unexpected token' },
      { message: 'No tests found' },
    ];
    expect(parseListing(JSON.stringify({ ...listing, suites: [], errors }, null, 2))).toEqual({
      files: [],
      broken: ['/p/tests/c.spec.ts', '/p/tests/d.spec.js'],
    });
  });

  it.each(['', 'Error: no config', '{\n  "config": 3\n}', '{\n  "config"'])('is not found in %j', (text) => {
    expect(parseListing(text)).toBeUndefined();
  });
});
