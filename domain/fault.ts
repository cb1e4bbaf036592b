/**
 * `failure` or `error`, in OpenTelemetry's sense. Where a tool says it (JUnit's `<failure>` and `<error>`, pytest's phases,
 * the code of node's assertions) its word counts; else the text decides, with the habit of the framework as default.
 */
import type { Fault } from './blame.schema.js';

export interface RedResult {
  readonly kind: 'test' | 'file';
  readonly path: readonly string[];
  /** What the tool itself said. */
  readonly fault?: Fault | undefined;
  readonly message?: string | null | undefined;
  readonly stack?: string | null | undefined;
  readonly expected?: string | null | undefined;
  readonly actual?: string | null | undefined;
}

/** Names of assertion errors, `expect(…)` of jest, vitest and Playwright, Rust's `assertion … failed`. */
const ASSERTION =
  /\bAssertion(?:Failed)?Error\b|\bERR_ASSERTION\b|\bexpect(?:\.\w+)*\(|\bassertion\b[^\n]{0,200}\bfailed\b|\bComparisonFailure\b/;
const HOOK = /"(?:before|after)(?: all| each)" hook/;
/** Any exception of a test body is a failure in the words of these tools; only a panic or a broken phase is not. */
const FAILURE_BY_HABIT: ReadonlySet<string> = new Set(['pytest', 'go-test', 'cargo', 'command', 'maven']);

export function faultOf(framework: string | undefined, red: RedResult): Fault {
  if (red.fault) return red.fault;
  if (red.kind === 'file' || red.path.some((part) => HOOK.test(part))) return 'error';
  if (red.expected && red.actual) return 'failure';
  const text = `${red.message ?? ''}\n${red.stack ?? ''}`;
  if (framework === 'go-test') return /^\s*panic: /m.test(text) ? 'error' : 'failure';
  if (ASSERTION.test(text)) return 'failure';
  return framework === undefined || FAILURE_BY_HABIT.has(framework) ? 'failure' : 'error';
}
