/**
 * What a test process gets to see of the runner's environment: a list of allowed names, never everything minus
 * something. A credential reaches a test only when the project's configuration names it.
 */

export interface TestEnvironment {
  readonly env: Record<string, string>;
  /** Values that look like credentials and were passed on or set by name: for the masker. */
  readonly secrets: string[];
}

const names = (...lines: string[]): string[] => lines.flatMap((line) => line.split(' '));

const ALLOWED = names(
  'PATH HOME USER LOGNAME SHELL LANG TZ',
  'GOPATH GOROOT GOCACHE GOMODCACHE GOFLAGS GOPROXY GONOPROXY GOSUMDB GONOSUMDB GOPRIVATE GOTOOLCHAIN',
  'CARGO_HOME RUSTUP_HOME RUSTUP_TOOLCHAIN',
  'JAVA_HOME MAVEN_OPTS MAVEN_HOME M2_HOME',
  'VIRTUAL_ENV NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE CHROME_PATH CHROME_BIN',
  'HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy all_proxy',
);
const ALLOWED_PREFIXES = names('LC_ PYENV_ UV_ POETRY_ PIP_ NVM_ VOLTA_ FNM_ SSL_CERT_ XDG_ PLAYWRIGHT_');

const FIXED = { TERM: 'dumb', CI: 'true' } as const;
const SECRET_NAMES = ['TOKEN', 'SECRET', 'PASSWORD', 'PASSWD', 'KEY', 'CREDENTIAL'];
const OWN_PREFIX = 'BATON_';
/** Shorter values are words such as `on` or `1`, which would blot out ordinary output. */
const MIN_SECRET_CHARS = 6;

/** Whether a variable of this name usually holds a credential. */
export function looksSecret(name: string): boolean {
  const upper = name.toUpperCase();
  return SECRET_NAMES.some((word) => upper.includes(word));
}

function isAllowed(name: string): boolean {
  if (name.startsWith(OWN_PREFIX) || looksSecret(name)) return false;
  return ALLOWED.includes(name) || ALLOWED_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** User and password in an address, such as a proxy's. */
function passwordIn(value: string): string[] {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^/@\s]*:([^/@\s]+)@/i.exec(value)?.[1];
  return password && password.length >= MIN_SECRET_CHARS ? [password] : [];
}

/**
 * The whole environment of a test process.
 * @param base the runner's own variables
 * @param suiteEnv `env.set` and `env.pass` of the suite's configuration; `pass` may name anything but `BATON_*`
 * @param extra what Baton adds (TMPDIR, leases, the reporter's channel); wins over everything
 */
export function testEnvironment(
  base: Readonly<Record<string, string | undefined>>,
  suiteEnv: { readonly set: Readonly<Record<string, string>>; readonly pass: readonly string[] },
  extra: Readonly<Record<string, string>> = {},
): TestEnvironment {
  const passed = suiteEnv.pass.filter((name) => !name.startsWith(OWN_PREFIX));
  const taken = Object.entries(base).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && (isAllowed(entry[0]) || passed.includes(entry[0])),
  );
  const env = { ...Object.fromEntries(taken), ...FIXED, ...suiteEnv.set, ...extra };
  const named = Object.entries(env).filter(
    ([name, value]) => looksSecret(name) && value.length >= MIN_SECRET_CHARS && !(name in extra),
  );
  const secrets = [...named.map(([, value]) => value), ...Object.values(env).flatMap(passwordIn)];
  return { env, secrets: [...new Set(secrets)] };
}
