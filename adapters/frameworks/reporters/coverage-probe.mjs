/**
 * Loaded into the process of a test file of node:test by NODE_OPTIONS: writes after each test which parts of the project
 * it ran, as JSON lines `{name, passed, scripts}`, one file for each process, into the folder BATON_COVERAGE.
 */
import fs from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { BATON_COVERAGE: folder, BATON_COVERAGE_ROOT: root, NODE_TEST_CONTEXT: child } = process.env;
if (folder && root && child?.startsWith('child')) await begin();

async function begin() {
  const { afterEach } = await import('node:test');
  const prefix = `${pathToFileURL(root).href}/`;
  const file = join(folder, `${process.pid}.ndjson`);
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const take = () => {
    let taken = [];
    session.post('Profiler.takePreciseCoverage', (error, { result } = { result: [] }) => {
      if (!error) taken = result;
    });
    return taken.filter(({ url }) => url.startsWith(prefix) && !url.includes('/node_modules/'));
  };
  const write = (name, passed, scripts) => fs.appendFileSync(file, `${JSON.stringify({ name, passed, scripts })}\n`);
  const slim = (scripts) => scripts.map(({ url, functions }) => ({ url, functions }));
  afterEach((context) => {
    const passed = typeof context.passed === 'boolean' ? context.passed : null;
    write(String(context.fullName ?? context.name), passed, slim(take()));
  });
}
