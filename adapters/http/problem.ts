import { ProblemDocument } from '../../domain/api.schema.js';

/** The API answered, and the answer is a refusal. `status` is HTTP's. The message is the API's own sentence. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  constructor(
    readonly status: number,
    readonly problem: ProblemDocument,
    /** From `Retry-After`. */
    readonly retryAfterMs: number | undefined,
  ) {
    super(problem.detail);
  }
}

const MAX_RETRY_AFTER_MS = 60_000;

export async function problemOf(answer: Response): Promise<HttpProblem> {
  const text = await answer.text().catch(() => '');
  return new HttpProblem(answer.status, document(answer, text), retryAfter(answer.headers.get('retry-after')));
}

/** Something between here and the API (a proxy, another program on the port) may answer in its own words. */
function document(answer: Response, text: string): ProblemDocument {
  const parsed = ProblemDocument.safeParse(json(text));
  if (parsed.success) return parsed.data;
  const detail = `the server answered ${answer.status} ${answer.statusText}, not in the form of Baton's API; is another program listening there?`;
  return { type: 'about:blank', title: answer.statusText, status: answer.status, detail, requestId: '' };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function retryAfter(value: string | null): number | undefined {
  if (value === null || !/^\d{1,6}$/.test(value)) return undefined;
  return Math.min(Number(value) * 1000, MAX_RETRY_AFTER_MS);
}
