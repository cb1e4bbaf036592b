/**
 * What goes wrong in rounds is told when it begins and when it is over, not every few seconds: a log that repeats itself
 * hides everything else, and monitoring is never worth more than what it watches.
 */
export interface TroubleLog {
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
}

export class Troubles {
  private readonly now = new Set<string>();

  constructor(private readonly log: TroubleLog) {}

  /** `problem`: undefined when all is well. */
  tell(what: string, problem: unknown): void {
    if (problem !== undefined && !this.now.has(what)) {
      this.now.add(what);
      this.log.warn({ err: problem }, `${what}: no answer; what depends on it is left out until there is one`);
    } else if (problem === undefined && this.now.delete(what)) this.log.info({}, `${what}: answers again`);
  }

  /** Never throws: without an answer there is `instead`. */
  async around<T>(what: string, instead: T, work: () => Promise<T>): Promise<T> {
    try {
      const answer = await work();
      this.tell(what, undefined);
      return answer;
    } catch (error) {
      this.tell(what, error);
      return instead;
    }
  }
}
