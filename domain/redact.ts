/**
 * Takes secrets and personal data out of a text before it leaves Baton or is kept to be searched: keys and tokens by
 * their shape, values whose name says that they are secret, credentials in addresses, private keys, long random strings,
 * card numbers, e-mail addresses, and the installation's own secrets in every form.
 *
 * Linear in the length of the text: patterns are fixed, each begins where a word begins and has no choice to go back on;
 * what would need one is looked for by hand. Applying it twice changes nothing more.
 */
import { plainText } from './clip.js';
import { secretForms } from './secret-forms.js';

export type Redact = (text: string) => string;

export const REDACTED = '[redacted]';
export const E_MAIL = '[e-mail]';

/** Characters that nobody sees and that would cut a secret in two: zero width, direction, tags, variation selectors. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;

/** Text of an outsider as a person sees it: no escape sequences, no control or invisible characters. */
export const visibleText = (text: string): string => plainText(text).replace(INVISIBLE, '');

/** Keys of well-known services by their prefixes. */
const KEYS = new RegExp(
  [
    'gh[pousr]_[A-Za-z0-9]{16,255}',
    'github_pat_[A-Za-z0-9_]{20,255}',
    'gl(?:pat|ptt|rt|dt|cbt|oas|soat|ft|agent)-[A-Za-z0-9_.-]{16,255}',
    'xox[abeoprs]-[A-Za-z0-9-]{10,255}',
    'xapp-[A-Za-z0-9-]{10,255}',
    '(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,255}',
    '(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{12,20}',
    'AIza[A-Za-z0-9_-]{30,60}',
    'ya29\\.[A-Za-z0-9_-]{20,2000}',
    'GOCSPX-[A-Za-z0-9_-]{20,60}',
    'npm_[A-Za-z0-9]{30,60}',
    'pypi-[A-Za-z0-9_-]{40,400}',
    'hf_[A-Za-z0-9]{20,60}',
    'dop_v1_[a-f0-9]{40,80}',
    'SG\\.[A-Za-z0-9_-]{16,40}\\.[A-Za-z0-9_-]{16,80}',
    'whsec_[A-Za-z0-9+/=]{16,100}',
    'shp(?:at|ca|pa|ss)_[a-fA-F0-9]{24,64}',
    'eyJ[A-Za-z0-9_-]{8,4000}\\.[A-Za-z0-9_-]{8,8000}(?:\\.[A-Za-z0-9_-]{0,2000})?',
    '(?:Bearer|Basic|Digest|Negotiate) +(?=[A-Za-z0-9._~+/-]{0,40}[0-9A-Z_~+/-])[A-Za-z0-9._~+/-]{8,4000}=*',
  ]
    .map((shape) => `(?<![A-Za-z0-9_-])${shape}`)
    .join('|'),
  'g',
);

/** Addresses that are a secret by themselves. */
const SECRET_PLACES =
  /(?<=\b(?:hooks\.slack\.com\/(?:services|workflows|triggers)|discord(?:app)?\.com\/api\/webhooks|[a-z0-9-]{1,63}\.webhook\.office\.com)\/)[A-Za-z0-9_/@.-]{6,300}/gi;

/** A name that says its value is secret, or the beginning of one. */
const SECRET_NAME =
  /pass(?:word|wd|phrase|code)|(?<=[_-])pass(?![a-z])|pwd|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key|authorization|cookie|session[_-]?id|sessid|signature|x-amz-(?:credential|signature)|[?&](?:sig|key|auth|code)(?==)|(?:encryption|signing|master)[_-]?key|connection[_-]?string/gi;
/** From the name to the value: the end of a longer name, a quote, a sign; or a space after an option of a command. */
const TO_VALUE = /[\w.\]-]{0,30}(?:\\?["'`]?[ \t]{0,4}(?:=>|:=|==?|:|>)[ \t]{0,4}|(?<=--[\w-]{1,60})[ \t]{1,4})/y;
/** Quoted in each way, quoted inside a quoted text, or one word; after the name of a scheme, where there is one. */
const VALUE =
  /(?:(?:Bearer|Basic|Digest|Negotiate|Token)[ \t]{1,4})?(?:"(?:[^"\\\n]|\\.){0,4000}"?|\\"(?:[^"\\\n]|\\(?!")){0,4000}(?:\\")?|'(?:[^'\\\n]|\\.){0,4000}'?|`[^`\n]{0,4000}`?|[^\s"'`,;&<>()[\]{}]{1,4000})/iy;
/** The rest of a header holds several values. */
const WHOLE_LINE = /[^\n]{1,4000}/y;
const HARMLESS = /^["'`]?(?:true|false|null|undefined|none|nil|string|number|object|)["'`]?$/i;

const LONG_RUN = /(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{32,}={0,2}/g;
const DIGIT_RUN = /(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d-])/g;

/** A redactor that also knows these values. */
export function redactor(secrets: readonly string[] = []): Redact {
  const forms = [...new Set(secrets.flatMap(secretForms))].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = visibleText(text);
    for (const form of forms) if (clean.includes(form)) clean = clean.replaceAll(form, REDACTED);
    clean = withoutPrivateKeys(clean).replace(KEYS, REDACTED).replace(SECRET_PLACES, REDACTED);
    clean = withoutNamedSecrets(withoutCredentials(clean));
    clean = clean.replace(LONG_RUN, (run) => (looksRandom(run) ? REDACTED : run));
    clean = clean.replace(DIGIT_RUN, (run) => (isCardNumber(run) ? REDACTED : run));
    return withoutAddresses(clean);
  };
}

/** Knows no secret of the installation: by shape and name alone. */
export const redact: Redact = redactor();

function withoutPrivateKeys(text: string): string {
  let result = '';
  let at = 0;
  for (;;) {
    const begin = text.indexOf('-----BEGIN', at);
    if (begin === -1) return result + text.slice(at);
    const headEnd = text.indexOf('-----', begin + 10);
    const isKey = headEnd !== -1 && headEnd - begin < 80 && text.slice(begin, headEnd).includes('PRIVATE KEY');
    if (!isKey) {
      result += text.slice(at, begin + 10);
      at = begin + 10;
      continue;
    }
    const foot = text.indexOf('-----END', headEnd);
    const footEnd = foot === -1 ? -1 : text.indexOf('-----', foot + 8);
    result += text.slice(at, begin) + REDACTED;
    // A key whose end is cut off is taken out to the end of the text.
    at = footEnd === -1 ? text.length : footEnd + 5;
  }
}

/** `scheme://user:password@host` → `scheme://[redacted]@host`. */
function withoutCredentials(text: string): string {
  let result = '';
  let at = 0;
  for (;;) {
    const scheme = text.indexOf('://', at);
    if (scheme === -1) return result + text.slice(at);
    const start = scheme + 3;
    let end = start;
    let sign = -1;
    for (; end < text.length && end - start < 400; end++) {
      const c = text[end]!;
      if (c === '@') sign = end;
      if (c === '/' || c === '?' || c === '#' || c === '"' || c === "'" || c <= ' ') break;
    }
    result += text.slice(at, start);
    if (sign !== -1) result += `${REDACTED}`;
    at = sign === -1 ? start : sign;
  }
}

function withoutNamedSecrets(text: string): string {
  let result = '';
  let at = 0;
  SECRET_NAME.lastIndex = 0;
  for (let name = SECRET_NAME.exec(text); name; name = SECRET_NAME.exec(text)) {
    const from = valueStart(text, name.index + name[0].length);
    if (from === undefined) continue;
    const value = valueAt(text, from, /authorization|cookie/i.test(name[0]));
    if (value === '' || HARMLESS.test(value)) continue;
    result += text.slice(at, from) + quoted(value);
    at = from + value.length;
    SECRET_NAME.lastIndex = at;
  }
  return result + text.slice(at);
}

function valueStart(text: string, at: number): number | undefined {
  TO_VALUE.lastIndex = at;
  const found = TO_VALUE.exec(text);
  return found ? at + found[0].length : undefined;
}

function valueAt(text: string, at: number, wholeLine: boolean): string {
  const pattern = wholeLine && !/["'`]/.test(text[at] ?? '') ? WHOLE_LINE : VALUE;
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

/** Quotes stay, so that what is around them can still be read. */
function quoted(value: string): string {
  const quote = /^\\?["'`]/.exec(value)?.[0] ?? '';
  const end = quote !== '' && value.length > quote.length && value.endsWith(quote) ? quote : '';
  return `${quote}${REDACTED}${end}`;
}

/** Capitals, small letters and digits in turn, as chance makes them: not a word, not a path, not a digest in hexadecimal. */
function looksRandom(run: string): boolean {
  let changes = 0;
  let seen = 0;
  let before = 0;
  for (let at = 0; at < run.length; at++) {
    const kind = kindOf(run.charCodeAt(at));
    if (kind === 0) continue;
    seen |= 1 << kind;
    if (before !== 0 && kind !== before) changes++;
    before = kind;
  }
  return seen === 0b1110 && changes / run.length > 0.3;
}

function kindOf(code: number): 0 | 1 | 2 | 3 {
  if (code >= 48 && code <= 57) return 1;
  if (code >= 65 && code <= 90) return 2;
  return code >= 97 && code <= 122 ? 3 : 0;
}

/** Luhn's check. */
function isCardNumber(run: string): boolean {
  const digits = run.replace(/[ -]/g, '');
  if (/^(\d)\1*$/.test(digits) || !/^[3-6]/.test(digits)) return false;
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = Number(digits[digits.length - 1 - at]);
    const twice = digit * 2;
    sum += at % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}

const LOCAL_PART = /[\p{L}\p{N}._%+'-]/u;
const DOMAIN = /[\p{L}\p{N}.-]/u;

/** For each `@`: the name before and the host after it, at most 64 and 253 characters, taken by hand. */
function withoutAddresses(text: string): string {
  let result = '';
  let at = 0;
  for (let sign = text.indexOf('@'); sign !== -1; sign = text.indexOf('@', sign + 1)) {
    let from = sign;
    while (from > at && sign - from < 64 && LOCAL_PART.test(text[from - 1]!)) from--;
    let to = sign + 1;
    while (to < text.length && to - sign < 254 && DOMAIN.test(text[to]!)) to++;
    const host = text.slice(sign + 1, to).replace(/[.-]+$/, '');
    // `git@` is how everybody writes the address of a repository.
    if (from === sign || text.slice(from, sign) === 'git' || !/\.\p{L}{2,}$/u.test(host) || isVersion(text, from))
      continue;
    result += text.slice(at, from) + E_MAIL;
    at = sign + 1 + host.length;
    sign = at - 1;
  }
  return result + text.slice(at);
}

/** `node_modules/pkg@1.x.js` and `@scope/pkg@…` are no addresses: a path stands before them. */
const isVersion = (text: string, from: number): boolean => text[from - 1] === '/' && text[from - 2] !== '/';
