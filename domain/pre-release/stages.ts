/** Stages of pre-release testing, in their order. */
export const PRE_RELEASE_STAGES = [
  { name: 'analyse', title: 'Analyse changes' },
  { name: 'risk', title: 'Predict risk' },
  { name: 'tests', title: 'Run high-priority tests' },
  { name: 'gate', title: 'Check critical failures' },
  { name: 'dashboard', title: 'Update dashboard' },
  { name: 'knowledge', title: 'Store in the knowledge store' },
  { name: 'notify', title: 'Send notifications' },
] as const;

/** Only where the gate blocks. */
export const FIX_STAGE = { name: 'fix', title: 'Try a fix' } as const;
