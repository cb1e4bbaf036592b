/** What must not be stored, wherever in a document it stands: secrets, because definitions are read by many; a name that is no name. */
import { isObject } from './json.js';
import type { Complain, Path } from './mistake.js';

/** Beginnings of tokens that services give out. */
const TOKENS =
  /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|AKIA[A-Z0-9]{12,}|xox[abprs]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{20,})\b|-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const KEYS = /^(?:password|passwd|secret|token|api_?key|access_?key|authorization|private_?key)$/i;
const MAX_DEPTH = 64;

export function checkAnywhere(document: object, complain: Complain): void {
  const next: { value: unknown; path: Path }[] = [{ value: document, path: [] }];
  for (let each = next.pop(); each; each = next.pop()) {
    const { value, path } = each;
    if (typeof value === 'string') {
      const key = path.at(-1);
      const named =
        typeof key === 'string' &&
        KEYS.test(key) &&
        path.length > 1 &&
        value !== '' &&
        !/^secret:\/\/|\{\{|\$\{/.test(value);
      // `type: string` of a parameter with such a name is no secret.
      if (TOKENS.test(value) || (named && !path.includes('inputs') && !path.includes('outputs')))
        complain(
          path,
          'This looks like a secret. Write `secret://NAME`, and let the installation name the variable that holds it.',
        );
    } else if (path.length < MAX_DEPTH && Array.isArray(value)) {
      for (const [index, inner] of value.entries()) next.push({ value: inner, path: [...path, index] });
    } else if (path.length < MAX_DEPTH && isObject(value)) {
      for (const [key, inner] of Object.entries(value)) {
        if (key === '__proto__')
          complain([...path, key], '`__proto__` is no name that can be used: choose another one.');
        else next.push({ value: inner, path: [...path, key] });
      }
    }
  }
}
