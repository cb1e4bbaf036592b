/** Builds the programs that a cluster needs, with Node's own modules only: before packages are installed, beside other work. */
import { CLUSTER_PROGRAMS, goProgram } from './lib/go-program.mjs';
import { locateTemporal } from './lib/temporal-server.mjs';

// Everything else waits for the Temporal CLI. Built side by side, both would compile what they share.
await locateTemporal({ env: process.env }).catch((error) => process.stderr.write(`${error.message}\n`));

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
