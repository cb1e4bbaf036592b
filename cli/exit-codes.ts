/** Exit codes of every command: the one place. */
import type { Verdict } from '../domain/outcome.schema.js';
import type { Problem } from '../domain/run.schema.js';

export const EXIT = {
  /** Everything expected was observed and is green; or the command did what it was asked. */
  green: 0,
  /** At least one test is red, or a gate rule says no. */
  red: 1,
  /** The call, the project or its configuration is wrong. */
  usage: 2,
  /** It could not be found out: incomplete, or something that Baton needs does not work. */
  unknown: 3,
  /** Cancelled, by Ctrl-C or by somebody else. */
  cancelled: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_HELP = `
Exit codes:
  0    green: everything expected was observed and passed; or the command did what it was asked
  1    red: at least one test failed, or a gate rule says no
  2    the call, the project or its configuration is wrong
  3    could not find out: incomplete, or something Baton needs does not work
  130  cancelled
  \`rerun --failed\`: 0 says that what had failed before passes now, and nothing about the rest; its sentence begins with "partial".
  \`replay\`: 1 says that today's workflow code decides otherwise than a recorded history.
  \`start\` and \`up\` end with 0 on Ctrl-C, and with 130 when that cuts a start or a run that is under way.`;

export function exitCodeOf(verdict: Verdict | null, problem: Problem | null): ExitCode {
  switch (verdict) {
    case 'passed':
      return EXIT.green;
    case 'failed':
    case 'blocked':
      return EXIT.red;
    case 'cancelled':
      return EXIT.cancelled;
    case 'incomplete':
    case null:
      return problem?.usage ? EXIT.usage : EXIT.unknown;
  }
}

/** An expected end of a command: one sentence for people, and the exit code. */
export class CommandEnd extends Error {
  override readonly name = 'CommandEnd';
  constructor(
    message: string,
    readonly exitCode: ExitCode,
  ) {
    super(message);
  }
}
