/** The `baton` command. One sentence on standard error and an exit code is all that an error leaves behind. */
import { connectClient } from '../config/client.js';
import { readSettings } from '../config/config.js';

import { PACKAGE_ROOT } from '../config/package.js';
import type { Context } from './context.js';
import { endOf } from './errors.js';
import { examine } from './examine.js';
import type { ExitCode } from './exit-codes.js';
import { runProgram } from './program.js';

async function main(args: readonly string[]): Promise<ExitCode> {
  try {
    const settings = readSettings();
    const context: Context = {
      settings,
      cwd: process.cwd(),
      stdout: process.stdout,
      stderr: process.stderr,
      root: PACKAGE_ROOT,
      connect: connectClient,
      examine,
    };
    return await runProgram(context, args);
  } catch (error) {
    const { message, exitCode } = endOf(error);
    process.stderr.write(`${message}\n`);
    return exitCode;
  }
}

// A reader such as `head` that has gone is no error of ours.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => error.code === 'EPIPE' || process.exit(3));

const exitCode = await main(process.argv.slice(2));
// Written before the exit: a pipe takes what is printed only bit by bit.
await new Promise<void>((resolve) => process.stdout.write('', () => process.stderr.write('', () => resolve())));
process.exit(exitCode);
