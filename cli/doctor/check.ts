/** One thing that was tried, and what came of it. */
export interface Check {
  readonly name: string;
  /** `weak`: works, but protects or does less; does not make the doctor say no. */
  readonly status: 'ok' | 'weak' | 'missing';
  /** What was seen. */
  readonly detail: string;
  /** What to do, where something is to be done. */
  readonly fix?: string;
}

export const ok = (name: string, detail: string): Check => ({ name, status: 'ok', detail });
export const weak = (name: string, detail: string, fix: string): Check => ({ name, status: 'weak', detail, fix });
export const missing = (name: string, detail: string, fix: string): Check => ({ name, status: 'missing', detail, fix });
