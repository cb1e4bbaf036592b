/** The installation's settings of stored definitions. */
import { z } from 'zod';
import { Secret } from '../secret.schema.js';

export const DefinitionSettings = z
  .strictObject({
    parallel: z
      .boolean()
      .default(true)
      .describe(
        'false: executions of stored workflows run one after the other, in the order in which they were asked for.',
      ),
    hosts: z
      .array(
        z
          .string()
          .regex(
            /^(\*\.)?[a-z0-9][a-z0-9.-]{0,252}(:\d{1,5})?$/,
            'a host name such as `api.example.org` or `*.example.org`, with a port where it is not the usual one',
          ),
      )
      .max(200)
      .default([])
      .describe('Hosts that `http.request` may ask. Default: none.'),
    allowPrivate: z
      .array(z.string().min(1).max(100))
      .max(100)
      .default([])
      .describe('Those of them that may have private addresses, by host or range.'),
    secrets: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), Secret)
      .default({})
      .describe('Secrets that definitions may name as `secret://NAME`, such as `API: { env: STAGING_API_TOKEN }`.'),
  })
  .meta({ id: 'DefinitionSettings' });
export type DefinitionSettings = z.infer<typeof DefinitionSettings>;
