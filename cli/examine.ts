import type { Examination } from './doctor/project.js';

/** Loaded only by `doctor DIR`: it brings every framework adapter with it, which other commands need not wait for. */
export async function examine(dir: string): Promise<Examination> {
  const { examineProject } = await import('../config/doctor.js');
  return examineProject(dir);
}
