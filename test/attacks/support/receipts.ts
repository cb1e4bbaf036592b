/** Receipts as a user handles them: downloaded, kept in a file, checked by the command line. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiled } from '../../../config/package.js';
import type { TestStack } from '../../e2e/support/stack.js';
import type { Files } from './attack.js';

export const RED: Files = {
  'baton.config.yaml': 'retries: 0\n',
  'test/a.test.js': "import test from 'node:test';\ntest('red', () => { throw new Error('really'); });\n",
};

export const receiptOf = async (baton: TestStack, id: string): Promise<string> =>
  Buffer.from(await baton.client.receipt(id)).toString('utf8');

export async function fileOf(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'baton-receipt-')), 'receipt.json');
  await writeFile(file, text);
  return file;
}

/** `baton receipt verify`, with the key of the stack's home: no stack is asked. */
export function verify(baton: TestStack, file: string, ...flags: string[]): { code: number | null; text: string } {
  const main = compiled('cli/main.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'receipt', 'verify', file, ...flags], {
    env: { ...process.env, BATON_HOME: baton.home },
    encoding: 'utf8',
  });
  return { code: status, text: `${stdout}${stderr}`.trim() };
}
