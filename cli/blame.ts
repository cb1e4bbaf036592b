/** Failures grouped by whose fault they are: the lines below the verdict. */
import type { RunAnswer } from '../domain/api.schema.js';
import { BLAME_TEXT, type BlameClass } from '../domain/blame.schema.js';
import type { Client } from './client.js';
import { oneLine, palette } from './terminal.js';

const SHOWN = 20;

/** Empty when nothing failed. Asks only for classes that have something. */
export async function blameLines(client: Client, run: RunAnswer, colours: boolean): Promise<string> {
  const { blame } = run;
  if (!blame) return '';
  const paint = palette(colours);
  const out: string[] = [];
  for (const name of Object.keys(BLAME_TEXT) as BlameClass[]) {
    const n = blame.counts[name];
    if (n === 0) continue;
    const title = `${BLAME_TEXT[name]}: ${n}`;
    out.push(name === 'your_change' ? paint.red(title) : paint.yellow(title));
    const { items } = await client.results(run.id, { blame: name, limit: SHOWN });
    for (const { file, name: test, blame: own } of items)
      out.push(`  ${file} › ${oneLine(test, 200)}`, paint.dim(`    ${oneLine(own?.reason ?? '', 300)}`));
    const others = blame.others.filter((o) => o.class === name).slice(0, SHOWN - items.length);
    for (const { scope, id, reason } of others) out.push(`  ${scope} ${id}`, paint.dim(`    ${oneLine(reason, 300)}`));
    const rest = n - items.length - others.length;
    if (rest > 0) out.push(paint.dim(`  … and ${rest} more; \`--json\` has all`));
  }
  if (blame.gating === 0) out.push('None of these failures gates.');
  return `${out.join('\n')}\n`;
}
