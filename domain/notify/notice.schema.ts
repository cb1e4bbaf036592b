/** A notice as it may come from anywhere: what is too long is cut, because a notice that is cut is better than none. */
import { z } from 'zod';
import { NOTICE_KINDS, type Notice } from '../notice.js';
import { clean, cut, LIMITS, oneLine } from './message.js';

const line = (most: number) => z.string().transform((text) => cut(clean(text).replace(/\s+/g, ' ').trim(), most));

/** Only such addresses become links; anything else is left out. */
const isWebAddress = (url: string): boolean => /^https?:\/\/[^\s<>"'`\\]{1,1900}$/.test(url);

const Key = z.string().min(1).max(300);
const Value = z.union([z.number(), z.string().transform((text) => cut(clean(text), 1_000))]);

const Shape = z.object({
  key: Key,
  kind: z.enum(NOTICE_KINDS),
  severity: z.enum(['info', 'warning', 'critical']),
  project: line(100),
  title: z.string().transform(oneLine),
  text: z.string().transform((text) => cut(clean(text), LIMITS.text)),
  group: z.string().min(1).max(300),
  resolves: z.boolean().optional(),
  links: z
    .array(z.object({ label: line(80), url: z.string() }))
    .transform((links) => links.filter(({ url }) => isWebAddress(url)).slice(0, 10)),
  data: z.record(z.string(), Value).transform((data) =>
    Object.fromEntries(
      Object.entries(data)
        .slice(0, 50)
        .map(([name, value]) => [cut(name, 60), value]),
    ),
  ),
  to: z.array(z.string().max(320)).max(50).optional(),
  channels: z.array(z.string().max(40)).max(50).optional(),
  template: z.string().max(60).optional(),
});

/** Throws `Error` with one sentence when there is no telling what the notice is about. */
export function normaliseNotice(given: unknown): Notice {
  const checked = Shape.safeParse(given);
  if (checked.success)
    return Object.fromEntries(Object.entries(checked.data).filter(([, v]) => v !== undefined)) as unknown as Notice;
  const issue = checked.error.issues[0];
  throw new Error(`A notice is not valid: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim());
}
