import { z } from 'zod';
import { MONITORING_STAGES, MONITORING_WORKFLOW } from '../monitoring/stages.js';
import type { WorkflowKind } from '../workflows.js';

export const MonitoringParams = z.strictObject({}).meta({ id: 'MonitoringParams' });
export type MonitoringParams = z.infer<typeof MonitoringParams>;

export const MONITORING: WorkflowKind<MonitoringParams> = {
  name: MONITORING_WORKFLOW,
  aliases: ['continuous-monitoring', 'continuous_monitoring'],
  title: 'Continuous monitoring',
  description:
    'Asks every probe, collects every series, looks for anomalies, runs tests when there is one, and leaves data for charts. Fired by a schedule where `monitoring` is set.',
  params: MonitoringParams,
  stages: MONITORING_STAGES,
  subject: () => ({}),
  project: () => undefined,
};
