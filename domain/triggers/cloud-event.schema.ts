/** CloudEvents 1.0 in structured mode, and what they start. */
import { z } from 'zod';
import { type Happening, NOTHING_TOLD } from './happening.js';

const Attribute = z.string().min(1).max(500);

export const CloudEvent = z
  .looseObject({
    specversion: z.literal('1.0'),
    id: Attribute.describe('Unique for its source: the same id of the same source counts once.'),
    source: Attribute,
    type: z.string().min(1).max(250),
    subject: z.string().max(500).optional(),
    time: z.iso.datetime({ offset: true }).optional(),
    datacontenttype: z
      .string()
      .regex(/^application\/(?:[\w.-]+\+)?json\b/i, 'only JSON is understood')
      .optional(),
    dataschema: z.string().max(1000).optional(),
    data: z.unknown().optional(),
  })
  .meta({ id: 'CloudEvent', description: 'A CloudEvent 1.0 as JSON.' });
export type CloudEvent = z.infer<typeof CloudEvent>;

/** What Baton itself looks for in the data, where it is there. */
const Facts = z.object({
  repository: z.string().max(4096).optional(),
  commit: z.string().max(64).optional(),
  branch: z.string().max(250).optional(),
  environment: z.string().max(200).optional(),
  version: z.string().max(250).optional(),
});

export function cloudHappening(event: CloudEvent): Happening {
  const facts = Facts.safeParse(event.data).data ?? {};
  return {
    ...NOTHING_TOLD,
    event: 'event',
    type: event.type,
    source: event.source,
    at: event.time === undefined ? null : Date.parse(event.time),
    repository: facts.repository ?? null,
    commit: facts.commit ?? null,
    branch: facts.branch ?? null,
    environment: facts.environment ?? null,
    version: facts.version ?? null,
    data: event.data ?? null,
  };
}
