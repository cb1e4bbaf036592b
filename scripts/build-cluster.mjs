/** Builds the programs that a cluster needs, with Node's own modules only: before packages are installed, beside other work. */
import { CLUSTER_PROGRAMS, goProgram } from './lib/go-program.mjs';

for (const [name, program] of Object.entries(CLUSTER_PROGRAMS)) {
  const begun = Date.now();
  try {
    const file = await goProgram(program, { env: process.env });
    process.stderr.write(`${name}: ${file} (${Math.round((Date.now() - begun) / 1000)} s)\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 3;
  }
}
