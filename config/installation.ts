/** Reads the installation's own settings, and the secrets that they name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { invalid, parseYaml } from '../adapters/project/yaml-file.js';
import { Installation } from '../domain/installation.schema.js';
import type { Secret } from '../domain/secret.schema.js';
import type { Settings } from './config.js';

/** Throws `ConfigInvalid` with file, line and column. No file at the default place is no settings. */
export function readInstallation(settings: Pick<Settings, 'home' | 'configFile'>): Installation {
  const path = settings.configFile ?? join(settings.home, 'config.yaml');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (settings.configFile === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT')
      return Installation.parse({});
    throw invalid(`BATON_CONFIG: ${path} cannot be read (${(error as Error).message}).`);
  }
  return parseYaml(text, path, Installation);
}

/** Value of a secret that a setting names. Throws `ConfigInvalid` when the environment lacks it. */
export type Secrets = (secret: Secret, where: string) => string;

export const secretsOf =
  (settings: Pick<Settings, 'environment'>): Secrets =>
  ({ env }, where) => {
    const value = settings.environment[env];
    if (value) return value;
    throw invalid(`${where}: the environment has no ${env}. Set it where the control process runs.`);
  };
