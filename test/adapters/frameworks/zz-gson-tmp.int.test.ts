import { it } from 'vitest';
import { mavenAdapter } from '../../../adapters/frameworks/maven.js';
import { localProject, suiteOf } from './polyglot.js';
import { runWithReports } from './report-attempt.js';
const root = process.env['PROJECT']!;
it('runs', async () => {
  const files = (await mavenAdapter.discover(suiteOf('maven'), localProject(root))).map((f) => f.file);
  console.log(files.length, files.slice(0, 3));
  const show = (name: string, r: Awaited<ReturnType<typeof runWithReports>>) => {
    const ended = new Set(r.events.filter((e) => e.e === 'file-end').map((e) => (e as { file: string }).file));
    console.log(name, JSON.stringify(r.totals), r.judged, 'early tests', r.early.filter((e) => e.e === 'test').length, 'early ends', r.early.filter((e) => e.e === 'file-end').length, 'not ended', files.filter((f) => !ended.has(f)).length);
    console.log(r.events.filter((e) => e.e === 'error').map((e) => JSON.stringify(e).slice(0, 600)));
  };
  const whole = await runWithReports(mavenAdapter, root, { files });
  show('whole', whole);
  console.log([...whole.output.matchAll(/Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)\s*$/gm)].map((m) => m[0].trim()));
  if (process.env['PARTS']) {
    const ids = new Set(whole.rows.map((r) => `${r.testId}/${r.occurrence}`));
    const half = Math.ceil(files.length / 2);
    const parts = [files.slice(0, half), files.slice(half)];
    let n = 0;
    const seen = new Set<string>();
    for (const part of parts) {
      const r = await runWithReports(mavenAdapter, root, { files: part });
      show('part', r);
      n += r.totals.tests;
      for (const row of r.rows) seen.add(`${row.testId}/${row.occurrence}`);
    }
    console.log('parts together', n, 'same ids', [...ids].filter((i) => seen.has(i)).length, 'of', ids.size);
    console.log('missing', whole.rows.filter((r) => !seen.has(`${r.testId}/${r.occurrence}`)).slice(0, 10).map((r) => `${r.file} ${r.path.join('>')}`));
  }
}, 900_000);
