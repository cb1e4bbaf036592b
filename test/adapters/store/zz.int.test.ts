import { test } from 'vitest';
import { openLedger } from '../../../adapters/store/index.js';
import { testTemplate } from '../../support/ledger.js';
import { aChunk, anExecution, aRow } from './scenario.js';
import { rmSync, writeFileSync, statfsSync } from 'node:fs';
test('full', async () => {
  const template = await testTemplate();
  const opts = { kind: 'pglite', dataDir: '/tmp/st/full/db', template } as const;
  let l = await openLedger(opts);
  const id = await anExecution(l, { b1: ['a'] });
  await l.beginBatch(id, 'b1', 'r');
  let seq = 0; let acked = 0;
  const send = async () => { await l.record(aChunk(id, { seq: ++seq, results: Array.from({ length: 500 }, (_, i) => aRow('a', `t${seq}-${i}`, 'failed', { message: 'x'.repeat(500), stdout: Math.random().toString().repeat(50) })) })); acked += 500; };
  const free = () => statfsSync('/tmp/st/full').bavail * 4096 / 1e6;
  writeFileSync('/tmp/st/full/reserve', Buffer.alloc(4e6));
  for (let i = 0; i < 200; i++) { try { await send(); } catch (e) { console.log('ERR', i, free(), (e as Error).name, (e as Error).message); break; } }
  for (let i = 0; i < 3; i++) { try { seq--; await send(); console.log('ok'); } catch (e) { console.log('ERR again', free(), (e as Error).name, (e as Error).message); } }
  try { console.log('read', (await l.attempts(id)).length, acked); } catch (e) { console.log('READ ERR', (e as Error).name, (e as Error).message); }
  rmSync('/tmp/st/full/reserve'); console.log('freed', free());
  for (let i = 0; i < 3; i++) { try { seq--; await send(); console.log('ok after'); } catch (e) { console.log('ERR after', free(), (e as Error).name, (e as Error).message); } }
  try { console.log('read', (await l.attempts(id)).length, acked); } catch (e) { console.log('READ ERR', (e as Error).name, (e as Error).message); }
  try { await l.close(); } catch (e) { console.log('CLOSE ERR', e); }
  try { l = await openLedger(opts); console.log('reopen', (await l.attempts(id)).length, acked); await l.close(); } catch (e) { console.log('OPEN ERR', e); }
});
