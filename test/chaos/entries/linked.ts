/** For a part whose ways to the others lead through the links of a storm: its settings are overridden before it starts. */
export function throughLinks(variable: 'CHAOS_CONTROL' | 'CHAOS_RUNNER'): void {
  Object.assign(process.env, JSON.parse(process.env[variable] ?? '{}'));
}
