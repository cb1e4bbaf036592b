/** The stages of a firing, for workflow code: the schema file beside it holds zod, which a workflow must not load. */
export const MONITORING_STAGES = [
  { name: 'health', title: 'Health checks' },
  { name: 'performance', title: 'Performance metrics' },
  { name: 'anomalies', title: 'Anomaly detection' },
  { name: 'tests', title: 'Tests if needed' },
  { name: 'dashboard', title: 'Dashboard data' },
] as const;

export const MONITORING_WORKFLOW = 'monitoring';
export const MONITORING_SCHEDULE = 'baton-monitoring';
