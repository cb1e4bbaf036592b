/** What a real installation has in `.env`: made once for each home, because databases remember their passwords. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeAtomically } from '../manifest.js';

const Secrets = z.record(z.string(), z.string());

const secret = (): string => randomBytes(24).toString('hex');

/** Values of the variables that the compose file asks for. `key` is the API key in `BATON_API_KEYS`, with role admin. */
export function clusterSecrets(home: string): { values: Record<string, string>; key: string } {
  const file = join(home, 'secrets.json');
  if (!existsSync(file)) writeAtomically(file, `${JSON.stringify(fresh(), null, 2)}\n`);
  const values = Secrets.parse(JSON.parse(readFileSync(file, 'utf8')));
  return { values, key: values['BATON_API_KEYS']?.split(':')[2] ?? '' };
}

const fresh = (): Record<string, string> => ({
  TEMPORAL_DB_PASSWORD: secret(),
  BATON_DB_PASSWORD: secret(),
  BATON_S3_ACCESS_KEY: `baton${randomBytes(8).toString('hex')}`,
  BATON_S3_SECRET_KEY: secret(),
  BATON_RUNNER_TOKEN: secret(),
  BATON_API_KEYS: `cluster:admin:${secret()}`,
});
