import { z } from 'zod';

/** What a model is asked for about one failure. No score: a model explains, statistics score. */
export const Opinion = z.strictObject({
  cause: z.string().min(1).max(4_000),
  suggestion: z.string().max(4_000),
  file: z.string().max(500).nullable(),
});
export type Opinion = z.infer<typeof Opinion>;
