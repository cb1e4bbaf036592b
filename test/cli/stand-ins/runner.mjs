/** Stands in for a runner: writes its environment to a file, and ignores SIGTERM when STAND_IN says so. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

writeFileSync(join(process.env.BATON_HOME, `${process.env.BATON_RUNNER_NAME}.env.json`), JSON.stringify(process.env));
if (process.env.STAND_IN !== 'stubborn') process.on('SIGTERM', () => process.exit(0));
else process.on('SIGTERM', () => {});
setInterval(() => {}, 1000);
process.send({ ready: true });
