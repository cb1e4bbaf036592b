/** Where people can open things with a browser; null where this installation has no such place. */
export interface Pages {
  /** A test run. */
  run(id: string): string | null;
  /** The HTML report of a test run. */
  report(run: string): string | null;
  /** An execution of a workflow. */
  execution(id: string): string | null;
}
