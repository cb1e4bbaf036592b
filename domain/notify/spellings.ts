/**
 * Other spellings of section `notify`, brought to ours before it is checked: `type` for `kind`, a list of channels with
 * names, one channel directly under its kind, keys with underscores, and `${NAME}` for a secret of the environment.
 */
const KINDS = ['email', 'slack', 'teams', 'discord', 'webhook', 'pagerduty', 'jira', 'issue'];

const KIND_NAMES: Readonly<Record<string, string>> = {
  mail: 'email',
  smtp: 'email',
  msteams: 'teams',
  microsoft_teams: 'teams',
  pager_duty: 'pagerduty',
  github_issue: 'issue',
  gitlab_issue: 'issue',
};

const KEYS: Readonly<Record<string, string>> = {
  type: 'kind',
  webhook_url: 'webhook',
  webhookUrl: 'webhook',
  bot_token: 'token',
  integration_key: 'routingKey',
  api_token: 'token',
  smtp_host: 'host',
  smtp_port: 'port',
  smtp_user: 'user',
  username: 'user',
  smtp_password: 'password',
  recipients: 'to',
  sender: 'from',
  timezone: 'timeZone',
  start: 'from',
  end: 'to',
};

/** Keys whose value is a secret in every channel. */
const SECRETS = new Set(['webhook', 'token', 'password', 'secret', 'oldSecret', 'routingKey']);

type Plain = Record<string, unknown>;

export function normaliseNotify(given: unknown): unknown {
  if (!isPlain(given)) return given;
  const section: Plain = {};
  const direct: Plain = {};
  for (const [key, value] of Object.entries(given)) {
    const kind = KIND_NAMES[key] ?? key;
    if (KINDS.includes(kind) && isPlain(value)) direct[key] = { kind, ...renamed(value) };
    else section[ours(key)] = value;
  }
  for (const key of ['quietHours', 'digest', 'rate'])
    section[key] = isPlain(section[key]) ? renamed(section[key]) : section[key];
  for (const [key, value] of Object.entries(section)) if (value === undefined) delete section[key];
  if (isPlain(section['channels']) || Array.isArray(section['channels']) || Object.keys(direct).length > 0)
    section['channels'] = { ...direct, ...channels(section['channels']) };
  return section;
}

function channels(given: unknown): Plain {
  const entries: [string, unknown][] = Array.isArray(given)
    ? given.map((each: unknown, at) => named(each, at))
    : Object.entries(isPlain(given) ? given : {});
  return Object.fromEntries(
    entries.map(([name, value]) => [name, isPlain(value) ? channel(name, renamed(value)) : value]),
  );
}

function named(value: unknown, at: number): [string, unknown] {
  if (!isPlain(value)) return [`channel${at + 1}`, value];
  const { name, ...rest } = value;
  return [String(name ?? rest['type'] ?? rest['kind'] ?? `channel${at + 1}`), rest];
}

function channel(name: string, value: Plain): Plain {
  const said = typeof value['kind'] === 'string' ? value['kind'] : KINDS.includes(name) ? name : KIND_NAMES[name];
  return said === undefined ? value : { ...value, kind: KIND_NAMES[said] ?? said };
}

function renamed(value: Plain): Plain {
  const out: Plain = {};
  for (const [key, inner] of Object.entries(value)) {
    const name = ours(key);
    const mail = name === 'user' && ('host' in value || 'smtp_host' in value);
    const list = name === 'to' && typeof inner === 'string' && inner.includes('@') ? [inner] : inner;
    out[name] = SECRETS.has(name) || mail ? secret(list) : isPlain(list) ? renamed(list) : list;
  }
  return out;
}

const ours = (key: string): string =>
  KEYS[key] ?? key.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());

function secret(value: unknown): unknown {
  const match = typeof value === 'string' ? /^\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?$/.exec(value) : null;
  return match ? { env: match[1] } : value;
}

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
