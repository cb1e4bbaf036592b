/** Stages of a fix, in their order. Apart from the schema, which workflows must not load. */
export const AUTO_FIX_STAGES = [
  { name: 'analyse', title: 'Analyse the failure' },
  { name: 'generate', title: 'Find candidates' },
  { name: 'apply', title: 'Apply and try them' },
  { name: 'verify', title: 'Verify the best' },
  { name: 'pull-request', title: 'Open a pull request' },
  { name: 'dashboard', title: 'Follow the pull request' },
] as const;
