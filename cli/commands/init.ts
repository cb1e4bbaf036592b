/** `baton init`: the sample workflows, for an installation that has none yet. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { connectDefinitions } from '../../config/client.js';
import { PACKAGE_ROOT } from '../../config/package.js';
import { runningStack } from '../../workers/stack/manifest.js';
import { apiKey, type Context } from '../context.js';
import { notThere } from '../errors.js';
import { CommandEnd, EXIT, type ExitCode } from '../exit-codes.js';
import { table } from '../terminal.js';

const SAMPLES = join(PACKAGE_ROOT, 'examples', 'workflows');

/** One that is there already stays as it is, whoever has made it. */
export async function init(context: Context): Promise<ExitCode> {
  const { settings } = context;
  const baseUrl = settings.apiUrl || runningStack(settings.home)?.api;
  if (!baseUrl) throw new CommandEnd('Nothing is up; `baton up --detach` starts it.', EXIT.unknown);
  const client = connectDefinitions(baseUrl, apiKey(settings));
  const rows: string[][] = [];
  for (const file of readdirSync(SAMPLES)
    .filter((each) => each.endsWith('.yaml'))
    .sort()) {
    const name = basename(file, '.yaml');
    const known = await client.get(name).catch(notThere);
    const stored = known ?? (await client.create({ source: readFileSync(join(SAMPLES, file), 'utf8'), name: file }));
    rows.push([stored.name, stored.id, known ? 'was there already' : 'stored']);
  }
  context.stdout.write(`${table(rows)}\`baton workflow execute NAME --source DIR\` runs one.\n`);
  return EXIT.green;
}
