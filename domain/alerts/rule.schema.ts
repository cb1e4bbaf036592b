/** Alert rules as they are written, in either of two forms, and the one form everything works with. */
import { z } from 'zod';
import { duration } from '../monitoring/duration.js';

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export const Severity = z.enum(SEVERITIES).meta({ id: 'AlertSeverity' });
export type Severity = z.infer<typeof Severity>;

const DAY_MS = 86_400_000;
const Channels = z.array(z.string().min(1).max(100)).max(20);

export const RuleName = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} _.:/-]{0,99}$/u, 'letters, digits, spaces and _ . : / - only, at most 100');

export const AlertRuleInput = z
  .strictObject({
    name: RuleName.describe('Name of the rule, unique.'),
    condition: z
      .string()
      .min(1)
      .max(500)
      .describe(
        'When it holds, such as `test_failure_rate > 0.1 AND cpu_usage > 90%`: CEL, or with the words AND, OR, NOT. docs/monitoring.md lists names and units.',
      ),
    for: duration(0, 7 * DAY_MS)
      .optional()
      .describe('How long the condition must hold before anybody is told. Default: at once.'),
    duration: duration(0, 7 * DAY_MS)
      .optional()
      .describe('Another word for `for`.'),
    severity: Severity.default('warning').describe('How bad it is.'),
    channels: Channels.optional().describe('Names of channels. Default: what the routes of the installation say.'),
    actions: Channels.optional().describe('Another word for `channels`.'),
    group: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('Alerts of one group that fire together are told in one message. Default: the name.'),
    description: z.string().max(1000).optional().describe('What it means and what to do; part of the message.'),
    escalate: z
      .strictObject({
        after: duration(1000, 7 * DAY_MS).describe('When it has fired for so long and nobody has acknowledged it.'),
        channels: Channels.min(1).describe('Who is told then.'),
        severity: Severity.default('critical').describe('How bad it is by then.'),
      })
      .optional()
      .describe('Whom to tell when nobody reacts.'),
    enabled: z.boolean().default(true).describe('Whether it is looked at.'),
  })
  .refine((rule) => rule.for === undefined || rule.duration === undefined, {
    error: '`for` and `duration` are the same: keep one of them',
    path: ['duration'],
  })
  .refine((rule) => rule.channels === undefined || rule.actions === undefined, {
    error: '`channels` and `actions` are the same: keep one of them',
    path: ['actions'],
  })
  .meta({ id: 'AlertRuleInput' });
export type AlertRuleInput = z.infer<typeof AlertRuleInput>;

/** A file of rules: either form, or both, or a list. */
export const AlertRuleFile = z.union([
  z.strictObject({
    alert_rules: z.array(AlertRuleInput).max(500).optional(),
    alerts: z.array(AlertRuleInput).max(500).optional(),
  }),
  z.array(AlertRuleInput).max(500),
]);

export const AlertRule = z
  .object({
    name: z.string(),
    condition: z.string().describe('As it was written.'),
    normal: z.string().describe('The same as CEL over series in their own units.'),
    series: z.array(z.string()),
    forMs: z.number(),
    severity: Severity,
    channels: z.array(z.string()).nullable().describe('Null: what the routes of the installation say.'),
    group: z.string(),
    description: z.string(),
    escalate: z.object({ afterMs: z.number(), channels: z.array(z.string()), severity: Severity }).nullable(),
    enabled: z.boolean(),
    source: z
      .enum(['built-in', 'settings', 'api'])
      .describe('Where it is written down; only those of `api` are edited here.'),
  })
  .meta({ id: 'AlertRule' });
export type AlertRule = z.infer<typeof AlertRule>;
