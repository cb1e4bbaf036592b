import { test } from 'vitest';
import { vitestAdapter } from '../../../adapters/frameworks/vitest.js';
import { jestAdapter } from '../../../adapters/frameworks/jest.js';
import { mochaAdapter } from '../../../adapters/frameworks/mocha.js';
import { nodeTestAdapter } from '../../../adapters/frameworks/node-test.js';
import { redFiles } from './js-native.js';
import { localProject, runAdapter, suiteOf } from './polyglot.js';
const adapters = { vitest: vitestAdapter, jest: jestAdapter, mocha: mochaAdapter, 'node-test': nodeTestAdapter };
test('x', async () => {
  const root = process.env['ROOT']!;
  const adapter = adapters[process.env['FW'] as 'vitest'];
  const suite = suiteOf(adapter.name, { ...(process.env['NODE_CMD'] ? { command: [process.env['NODE_CMD']] } : {}), args: (process.env['ARGS'] ?? '').split(' ').filter(Boolean) });
  const skip = (process.env['SKIP'] ?? 'slow').split(',');
  const files = (await adapter.discover(suite, localProject(root))).map((f) => f.file).filter((f) => !skip.some((s) => f.includes(s)));
  console.log(await adapter.version(suite, localProject(root)), files.join(' '));
  const ran = await runAdapter(adapter, root, { suite, files });
  console.log(JSON.stringify({ judged: ran.judged, exit: [ran.exit.code, ran.exit.signal], totals: ran.totals, red: redFiles(ran.rows) }));
  if (process.env['OUT']) console.log(ran.output);
});
