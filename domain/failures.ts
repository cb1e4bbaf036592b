/**
 * Names of everything that keeps Baton from finding out. A red test is not among them. `usage`: the caller or the
 * configuration is at fault (exit code 2, HTTP 4xx); otherwise we could not find out (exit code 3, HTTP 5xx).
 */
export const PROBLEMS = {
  ConfigInvalid: { usage: true },
  UnknownFramework: { usage: true },
  ToolMissing: { usage: true },
  NotAProject: { usage: true },
  NoTests: { usage: true },
  UnknownSuite: { usage: true },
  BadSource: { usage: true },
  SetupFailed: { usage: false },
  DiscoveryFailed: { usage: false },
  StoreUnavailable: { usage: false },
  EngineUnavailable: { usage: false },
  DiskFull: { usage: false },
  BlockedByPolicy: { usage: false },
  CodeHostRefused: { usage: true },
  CodeHostUnavailable: { usage: false },
  Superseded: { usage: false },
  Internal: { usage: false },
} as const satisfies Record<string, { usage: boolean }>;
export type ProblemName = keyof typeof PROBLEMS;

/** Thrown wherever a named problem is met; `activities/to-failure.ts` turns it into Temporal's form. */
export class ProjectProblem extends Error {
  override readonly name = 'ProjectProblem';
  constructor(
    readonly problem: ProblemName,
    message: string,
    /** How long the other side asked to be left alone. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}
