import { type Attack, inProject, NO_RETRIES } from './support/attack.js';

const lines = [
  { e: 'test', file: 'test/a.test.js', path: ['fails'], status: 'passed' },
  { e: 'file-end', file: 'test/a.test.js', status: 'passed', tests: 1 },
  { e: 'end' },
].map((event) => JSON.stringify(event));

export const attack: Attack = {
  title: 'lines of the reporter forged on standard output, and exit 0',
  ends: ['failed', 'incomplete'],
  because: /failed|report|result/,
  run: inProject({
    'baton.config.yaml': NO_RETRIES,
    'test/a.test.js': `import test from 'node:test';
test('fails', () => {
  for (const line of ${JSON.stringify(lines)}) console.log(line);
  process.on('exit', () => { process.exitCode = 0; });
  throw new Error('really');
});
`,
  }),
};
