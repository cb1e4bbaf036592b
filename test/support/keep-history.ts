/** Keeps the history of an execution that a test has just run, when `BATON_RECORD=1` is set (`npm run histories`). */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { VERSION } from '../../config/package.js';
import { ROOT } from '../architecture/imports.js';

export async function keepHistory(
  handle: Pick<WorkflowHandle, 'fetchHistory'>,
  type: string,
  shape: string,
): Promise<void> {
  if (process.env['BATON_RECORD'] !== '1') return;
  const history = historyToJSON(await handle.fetchHistory());
  const dir = join(ROOT, 'test', 'histories', type, VERSION);
  mkdirSync(dir, { recursive: true });
  // Stack traces name this machine's folders; a history does not depend on them.
  writeFileSync(join(dir, `${shape}.json`), `${history.replaceAll(ROOT, '/baton')}\n`);
}
