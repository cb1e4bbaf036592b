/** A process that takes over a batch in PGlite and stores it file by file, saying what was acknowledged. */
import { openLedger } from '../../../adapters/store/index.js';
import { aChunk, anEnd, aRow, finish } from './scenario.js';

const [dataDir = '', execution = '', tests = '0'] = process.argv.slice(2);
const say = (text: string) => process.stdout.write(`${text}\n`);

const ledger = await openLedger({ kind: 'pglite', dataDir });
say('open');
const { fence, batch, filesDone } = await ledger.beginBatch(execution, 'b1', `pid-${process.pid}`);
say(`fence ${fence} ${filesDone.length}`);
let seq = 0;
for (const file of batch.files.filter((name) => !filesDone.includes(name))) {
  const rows = Array.from({ length: Number(tests) }, (_, i) => aRow(file, `test ${i}`));
  const half = Math.ceil(rows.length / 2);
  await ledger.record(aChunk(execution, { fence, seq: ++seq, results: rows.slice(0, half) }));
  const last = aChunk(execution, {
    fence,
    seq: ++seq,
    results: rows.slice(half),
    fileEnds: [anEnd(file, rows.length)],
  });
  await ledger.record(last);
  say(`ack ${file}`);
  if (seq % 6 === 0) await ledger.record(last);
}
await finish(ledger, execution, fence);
say('final');
await ledger.close();
