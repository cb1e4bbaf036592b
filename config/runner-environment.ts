/** What a runner inherits of the environment it is started in. */
import { Secret } from '../domain/secret.schema.js';
import { readInstallation } from './installation.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Runners execute other people's code, so they get the least: no database, no key of the API, of encryption, of a
 * language model, a code host or a channel. Everything else stays, because suites may name variables to hand on.
 */
const WITHHELD = [
  /^DATABASE_URL$/,
  /^PG(PASSWORD|PASSFILE|SERVICEFILE)$/,
  /_API_KEYS?$/,
  /^(OPENAI|ANTHROPIC|AZURE_OPENAI)_/,
  /^(GITHUB_TOKEN|SLACK_WEBHOOK_URL)$/,
  /^BATON_.*(KEY|KEYS|SECRET|TOKEN|PASSWORD)$/,
  /^TEMPORAL_(API_KEY|TLS_.*|CODEC_.*)$/,
  // What npm tells its scripts is about Baton, not about the project under test.
  /^npm_/,
  /^(INIT_CWD|NODE_OPTIONS|NODE_CHANNEL_FD)$/,
];

/** Without what is withheld from every runner, and without each secret that the installation's settings name. Throws `ConfigInvalid`. */
export function runnerEnvironment(env: Environment, home: string): Record<string, string | undefined> {
  const configFile = env['BATON_CONFIG'] || undefined;
  const secrets = new Set(namedSecrets(readInstallation({ home, configFile })));
  // The store of artifacts is the control process's own; suites that use another store keep their keys.
  if (env['BATON_ARTIFACTS']) secrets.add('AWS_ACCESS_KEY_ID').add('AWS_SECRET_ACCESS_KEY');
  const kept = ([name]: [string, unknown]): boolean => !secrets.has(name) && !WITHHELD.some((each) => each.test(name));
  return Object.fromEntries(Object.entries(env).filter(kept));
}

/** Variables that `{ env: NAME }` names anywhere in `settings`: capabilities bring settings of their own. */
export function namedSecrets(settings: unknown): string[] {
  if (typeof settings !== 'object' || settings === null) return [];
  const secret = Secret.safeParse(settings);
  return secret.success ? [secret.data.env] : Object.values(settings).flatMap(namedSecrets);
}
