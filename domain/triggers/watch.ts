import { z } from 'zod';

export const WatchState = z
  .object({
    trigger: z.string(),
    dir: z.string(),
    kind: z.enum(['git', 'files']),
    problem: z.string().nullable().describe('Why nothing is seen, and what to do; null: it is watched.'),
    seen: z.string().nullable().describe('What was seen last.'),
  })
  .meta({ id: 'WatchState' });
export type WatchState = z.infer<typeof WatchState>;
export const WatchList = z.object({ items: z.array(WatchState) }).meta({ id: 'WatchList' });
export type WatchList = z.infer<typeof WatchList>;
