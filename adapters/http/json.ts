/** Questions and answers of the HTTP API as JSON. */
import type { z } from 'zod';

/** Reads an answer that must have this shape. */
export const parsedBy =
  <T>(schema: z.ZodType<T>) =>
  async (answer: Response): Promise<T> =>
    schema.parse(await answer.json());

export const posted = (path: string, body: object, headers: Readonly<Record<string, string>> = {}) => ({
  method: 'POST' as const,
  path,
  body: JSON.stringify(body),
  headers: { 'Content-Type': 'application/json', ...headers },
});

/** Nothing is expected but that it was taken. */
export const ignored = async (answer: Response): Promise<void> => {
  await answer.arrayBuffer();
};
