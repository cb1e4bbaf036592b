/** Alerts as they are stored and shown, and what may be said to them. */
import { z } from 'zod';
import { duration } from '../monitoring/duration.js';
import { AlertRule, AlertRuleInput, RuleName, Severity } from './rule.schema.js';

export const ALERT_STATES = ['pending', 'firing', 'resolved'] as const;
export const AlertState = z.enum(ALERT_STATES).meta({ id: 'AlertState' });
export type AlertState = z.infer<typeof AlertState>;

const time = z.iso.datetime();

export const Alert = z
  .object({
    id: z.string().describe('`alert_…`, one for each time a rule begins to hold.'),
    rule: z.string(),
    group: z.string(),
    severity: Severity,
    state: AlertState.describe('`pending`: the condition holds, but not for long enough yet.'),
    condition: z.string(),
    since: time.describe('Since when the condition has held.'),
    firedAt: time.nullable(),
    resolvedAt: time.nullable(),
    values: z.record(z.string(), z.number()).describe('What the series were when it was last looked at.'),
    toldAt: time.nullable().describe('When somebody was told; null while it is silenced.'),
    escalatedAt: time.nullable(),
    acknowledgedBy: z.string().nullable(),
    acknowledgedAt: time.nullable(),
    note: z.string().describe('Of whoever acknowledged it.'),
    noData: z.boolean().describe('Whether its series have had no value lately: it stays as it was.'),
  })
  .meta({ id: 'Alert' });
export type Alert = z.infer<typeof Alert>;

export const Silence = z
  .object({
    id: z.string(),
    rule: z.string().nullable().describe('Only this rule; null: every one.'),
    group: z.string().nullable(),
    severity: Severity.nullable(),
    reason: z.string(),
    by: z.string(),
    createdAt: time,
    until: time,
  })
  .meta({ id: 'Silence' });
export type Silence = z.infer<typeof Silence>;

const MAX_SILENCE_MS = 30 * 86_400_000;

export const NewSilence = z
  .strictObject({
    rule: RuleName.optional().describe('Only this rule.'),
    group: z.string().min(1).max(100).optional().describe('Only this group.'),
    severity: Severity.optional().describe('Only alerts of this severity.'),
    for: duration(1000, MAX_SILENCE_MS).describe('How long, such as `2h`; at most 30 days.'),
    reason: z.string().max(500).default('').describe('Why; shown with the silence.'),
  })
  .meta({ id: 'NewSilence' });
export type NewSilence = z.infer<typeof NewSilence>;

export const Acknowledge = z.strictObject({
  note: z.string().max(500).default('').describe('What is being done.'),
});

export const AlertsQuery = z.strictObject({
  state: AlertState.optional().describe('Only these.'),
  severity: Severity.optional().describe('Only of this severity.'),
  rule: RuleName.optional().describe('Only of this rule.'),
  limit: z.coerce.number().int().min(1).max(500).default(100).describe('How many at most.'),
});
export type AlertsQuery = z.infer<typeof AlertsQuery>;

export const AlertList = z.object({ items: z.array(Alert) }).meta({ id: 'AlertList' });
export const RuleList = z.object({ items: z.array(AlertRule) }).meta({ id: 'AlertRuleList' });
export const SilenceList = z.object({ items: z.array(Silence) }).meta({ id: 'SilenceList' });
export type AlertList = z.infer<typeof AlertList>;
export type RuleList = z.infer<typeof RuleList>;
export type SilenceList = z.infer<typeof SilenceList>;
export { AlertRule, AlertRuleInput };
