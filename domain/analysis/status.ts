/** HTTP status codes in failures: said in words, or compared with the one that was expected. */
import type { ErrorClass } from './analysis.schema.js';
import type { Signals } from './signals.js';

const SAID =
  /(?:status(?:[ _-]?code)?|http(?:\/\d(?:\.\d)?)?|error|failed(?: with)?|response|returned|answered|rejected with)[ :=(<[]{1,4}([45]\d\d)\b|\b([45]\d\d) (?:Client Error|Server Error|Bad Request|Unauthorized|Payment Required|Forbidden|Not Found|Method Not Allowed|Not Acceptable|Request Timeout|Conflict|Gone|Precondition|Payload|Content Too|Unsupported|Unprocessable|Too Many|Internal|Not Implemented|Bad Gateway|Service Unavailable|Gateway Time)/i;
/** `expected 401 to be 200`, `401 == 200`, `assert 401 == 200`, `Expected: 200 Received: 401`. */
const COMPARED = [
  /\b([1-5]\d\d) (?:to (?:be|equal|deeply equal|strictly equal)|===?|!==?) ([1-5]\d\d)\b/,
  /expected:? ?<?([1-5]\d\d)>?,? (?:but was|but got|got|received|actual):? ?<?([1-5]\d\d)/i,
  /left: `?([1-5]\d\d)`?,?\s+right: `?([1-5]\d\d)/,
];

const BY_STATUS: Readonly<Record<number, ErrorClass>> = {
  400: 'validation',
  401: 'authentication',
  403: 'authorization',
  404: 'not_found',
  407: 'authentication',
  408: 'timeout',
  409: 'validation',
  410: 'not_found',
  412: 'validation',
  413: 'validation',
  415: 'validation',
  422: 'validation',
  429: 'rate_limit',
};

export const classOfStatus = (status: number): ErrorClass | undefined =>
  status >= 500 && status < 600 ? 'server' : BY_STATUS[status];

/** A status that the text itself calls one. */
export function saidStatus(text: string): number | undefined {
  const found = SAID.exec(text);
  return found ? Number(found[1] ?? found[2]) : undefined;
}

/** The status that came where one of success was expected. Two numbers of which neither is a success are just numbers. */
export function comparedStatus({ expected, actual, text }: Signals): number | undefined {
  const pairs = COMPARED.map((pattern) => pattern.exec(text)).filter((found) => found !== null);
  const candidates = [
    [actual, expected],
    ...pairs.map((found) => [found[1], found[2]]),
    ...pairs.map((found) => [found[2], found[1]]),
  ];
  for (const [came, wanted] of candidates) if (isError(came) && isSuccess(wanted)) return Number(came);
  return undefined;
}

const isError = (text: string | null | undefined): boolean => /^\s*[45]\d\d\s*$/.test(text ?? '');
const isSuccess = (text: string | null | undefined): boolean => /^\s*(?:20[0-6]|30[1-8])\s*$/.test(text ?? '');
