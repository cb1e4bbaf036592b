import { test } from 'vitest';
import { vitestAdapter } from '../../../adapters/frameworks/vitest.js';
import { jestAdapter } from '../../../adapters/frameworks/jest.js';
import { mochaAdapter } from '../../../adapters/frameworks/mocha.js';
import { nodeTestAdapter } from '../../../adapters/frameworks/node-test.js';
import { jestLikeCounts, binOf, redFiles } from './js-native.js';
import { exec, localProject, runAdapter, statuses, suiteOf } from './polyglot.js';

const adapters = { vitest: vitestAdapter, jest: jestAdapter, mocha: mochaAdapter, 'node-test': nodeTestAdapter };
test('x', async () => {
  const root = process.env['ROOT']!;
  const adapter = adapters[process.env['FW'] as 'vitest'];
  const suite = suiteOf(adapter.name, process.env['NODE_CMD'] ? { command: [process.env['NODE_CMD']] } : {});
  const skip = (process.env['SKIP'] ?? 'slow').split(',');
  const files = (await adapter.discover(suite, localProject(root))).map((f) => f.file).filter((f) => !skip.some((s) => f.includes(s)) && (!process.env['ONLY'] || f.includes(process.env['ONLY'])));
  console.log(await adapter.version(suite, localProject(root)), files);
  const ran = await runAdapter(adapter, root, { suite, files });
  console.log(JSON.stringify({ judged: ran.judged, exit: [ran.exit.code, ran.exit.signal], totals: ran.totals, red: redFiles(ran.rows) }));
  if (process.env['SHOW']) console.log(statuses(ran.rows));
  if (process.env['ROWS']) for (const row of ran.rows) console.log(JSON.stringify({ ...row, stack: row.stack?.slice(0, 200), testId: undefined }).slice(0, 900));
  if (process.env['OUT']) console.log(ran.output);
  if (adapter.name === 'vitest') console.log('native', JSON.stringify(await jestLikeCounts(root, (o) => [binOf(root, 'vitest'), 'run', '--reporter=json', `--outputFile=${o}`, '--allowOnly', ...files], { CI: '1' })));
  if (adapter.name === 'jest') console.log('native', JSON.stringify(await jestLikeCounts(root, (o) => [binOf(root, 'jest'), '--ci', '--json', `--outputFile=${o}`, '--runTestsByPath', ...files])));
  if (adapter.name === 'mocha') console.log('native', (await exec('node', [binOf(root, 'mocha'), '--no-config', '--timeout', '1000', '--reporter', 'json', ...files], root)).stdout.replace(/\s+/g, ' ').match(/"stats": \{[^}]*\}/)?.[0]);
  if (adapter.name === 'node-test') console.log('native', (await exec(process.env['NODE_CMD'] ?? 'node', ['--test', '--test-reporter=tap', ...files], root)).stdout.split('\n').slice(-9).join(' '));
});
