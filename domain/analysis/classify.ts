/**
 * The class of one failure, by rules over its message, names of exceptions, frames, compared values and status codes:
 *
 *   1. the framework compared two values: an assertion, unless it is a snapshot, or a status code of failure came where
 *      one of success was expected;
 *   2. codes that programs write, then a status code that is called one, then phrases that people write;
 *   3. errors of the language itself; words of an assertion; a process that ended; else `unknown`.
 *
 * Confidence is no feeling: it is the share of labelled failures that the same kind of evidence judged right
 * (`confidence.ts`).
 */
import type { ErrorClass } from './analysis.schema.js';
import { confidenceOf, type Evidence } from './confidence.js';
import { ASSERTION, CRASH, DATABASE_FRAMES, DATABASE_PORT, RULES, RUNTIME, type Rule } from './rules.js';
import type { Signals } from './signals.js';
import { classOfStatus, comparedStatus, saidStatus } from './status.js';

export interface Classified {
  readonly class: ErrorClass;
  readonly confidence: number;
  readonly evidence: Evidence;
  /** The evidence in words. */
  readonly rule: string;
}

export function classify(signals: Signals): Classified {
  return compared(signals) ?? told(signals) ?? fallback(signals);
}

/** Values side by side can only come from an assertion. */
const isComparison = ({ expected, actual, text }: Signals): boolean =>
  expected !== null || actual !== null || /\bAssert(?:ion)?(?:Failed)?Error\b|^E?\s*assert /m.test(text);

/** Names an error, but of one that did not come. */
const NOT_THROWN = /DID NOT RAISE|Missing expected (?:exception|rejection)|did not throw|to throw an error/i;

function compared(signals: Signals): Classified | undefined {
  if (signals.fault === 'error') return undefined;
  if (NOT_THROWN.test(signals.text))
    return result('assertion', 'worded_assertion', 'an error was expected and none came');
  if (!isComparison(signals)) return undefined;
  const status = comparedStatus(signals);
  const ofStatus = status === undefined ? undefined : classOfStatus(status);
  if (ofStatus) return result(ofStatus, 'compared_status', `status ${status} came where a success was expected`);
  if (
    /\bsnapshot\b.{0,200}\b(?:mismatch|match|differ|obsolete|written)/is.test(signals.text) ||
    /toMatch\w*Snapshot/.test(signals.text)
  )
    return result('snapshot', 'comparison', 'a snapshot does not match');
  return result('assertion', 'comparison', 'expected and actual value differ');
}

function told(signals: Signals): Classified | undefined {
  const { text, frames } = signals;
  const codes = matching(
    RULES.filter(({ strength }) => strength === 'code'),
    text,
  );
  const first = codes[0];
  const connects = first && (first.class === 'network' || first.class === 'timeout');
  if (connects && (DATABASE_FRAMES.test(frames) || DATABASE_PORT.test(text)))
    return result('database', 'code', `${first.word}, in a library that speaks to a database`);
  if (first && first.class !== 'authentication')
    return result(first.class, contested(codes) ? 'contested' : 'code', first.word);
  const status = saidStatus(text);
  const ofStatus = status === undefined ? undefined : classOfStatus(status);
  if (ofStatus) return result(ofStatus, 'said_status', `status ${status} is named`);
  if (first) return result(first.class, 'code', first.word);
  const language = matching(RUNTIME, text)[0];
  const phrases = matching(
    RULES.filter(({ strength }) => strength === 'phrase'),
    text,
  );
  // A name such as TypeError says less than a phrase, and more than two that disagree.
  if (phrases[0] && !(language && contested(phrases)))
    return result(phrases[0].class, contested(phrases) || language ? 'contested' : 'phrase', phrases[0].word);
  return language && result('runtime', 'language', language.word);
}

function fallback({ text, wholeFile, fault }: Signals): Classified {
  if (wholeFile && CRASH.test(text)) return result('crash', 'ended', 'the process of the file ended by itself');
  if (ASSERTION.test(text)) return result('assertion', 'worded_assertion', 'the words of an assertion');
  if (CRASH.test(text)) return result('crash', 'ended', 'the process ended by itself');
  if (fault === 'failure' && wholeFile) return result('unknown', 'nothing', 'nothing that is known');
  return result('unknown', 'nothing', 'nothing that is known');
}

interface Match {
  readonly class: ErrorClass;
  readonly word: string;
}

function matching(rules: readonly Rule[], text: string): Match[] {
  return rules.flatMap((rule) => {
    const found = rule.pattern.exec(text);
    return found ? [{ class: rule.class, word: found[0].replace(/\s+/g, ' ').slice(0, 80) }] : [];
  });
}

const contested = (matches: readonly Match[]): boolean => new Set(matches.map((match) => match.class)).size > 1;

const result = (name: ErrorClass, evidence: Evidence, rule: string): Classified => ({
  class: name,
  confidence: confidenceOf(evidence),
  evidence,
  rule,
});
