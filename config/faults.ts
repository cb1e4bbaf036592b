/**
 * Fault points for tests: `BATON_FAULTS=point:kind:nth`. At the nth passage of the point the process does what the kind
 * says: `error` throws, `exit` ends the process at once, `hang` never returns. Points named `…after-commit` make an
 * `error` an answer that is lost although the work was done. Settings read them only where `BATON_TEST_BUILD=1` is set.
 */
import { ProjectProblem } from '../domain/failures.js';

export type FaultPoint = (point: string) => Promise<void> | void;
type Kind = 'error' | 'exit' | 'hang';

interface Fault {
  readonly point: string;
  readonly kind: Kind;
  left: number;
}

export const NO_FAULTS: FaultPoint = () => undefined;

export function faultPoints(text: string): FaultPoint {
  const faults = text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(parse);
  if (faults.length === 0) return NO_FAULTS;
  return (point) => {
    const due = faults.filter((f) => f.point === point && f.left > 0 && --f.left === 0);
    if (due.length === 0) return undefined;
    return act(due[0]!);
  };
}

function parse(text: string): Fault {
  const [point, kind, nth = '1'] = text.trim().split(':');
  if (!point || (kind !== 'error' && kind !== 'exit' && kind !== 'hang') || !/^[1-9]\d{0,6}$/.test(nth)) {
    throw new ProjectProblem(
      'ConfigInvalid',
      `BATON_FAULTS: "${text}" is not point:kind:nth with kind error, exit or hang and nth from 1.`,
    );
  }
  return { point, kind, left: Number(nth) };
}

function act({ point, kind }: Fault): Promise<void> {
  if (kind === 'exit') process.exit(86);
  if (kind === 'hang') return new Promise(() => {});
  return Promise.reject(new Error(`fault injected at ${point}`));
}
