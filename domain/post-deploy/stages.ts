/** Stages of post-deployment validation, in their order. */
export const POST_DEPLOY_STAGES = [
  { name: 'smoke', title: 'Run smoke tests' },
  { name: 'integration', title: 'Verify integrations' },
  { name: 'retraining', title: 'Request retraining' },
  { name: 'dashboard', title: 'Update dashboard' },
] as const;

/** Only where the validation failed and a rollback is wanted. */
export const ROLLBACK_STAGE = { name: 'rollback', title: 'Roll back' } as const;
