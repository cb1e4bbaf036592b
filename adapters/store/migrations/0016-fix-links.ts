/** Where the pull request of a fix is, and the fixes of one run. */
export const FIX_LINKS: readonly string[] = [
  `ALTER TABLE fixes ADD COLUMN url text`,
  `CREATE INDEX fixes_of_run ON fixes (run, created_at)`,
];
