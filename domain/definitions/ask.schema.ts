import { z } from 'zod';

/** What a model gives back for `ai.ask`. */
export const AskAnswer = z.object({ answer: z.string().max(20_000) });
export type AskAnswer = z.infer<typeof AskAnswer>;
