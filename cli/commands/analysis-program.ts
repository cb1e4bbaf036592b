import { type Command, Option } from 'commander';
import { wholeNumber } from '../check.js';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit-codes.js';
import { debug, searchKnowledge } from './analysis.js';

/** `baton debug` and `baton knowledge …` */
export function analysisCommands(program: Command, context: Context, end: (code: ExitCode) => void): void {
  program
    .command('debug')
    .alias('debug-execution')
    .argument('[id]', 'finished execution of tests')
    .option('--execution-id <id>', 'another way to name it')
    .description('what is found out about the failures of an execution: class, place, likely causes, earlier ones')
    .option('--explain', 'ask the language model of the installation first, and remember the failures')
    .option('--json', 'print one JSON object')
    .action(async (id: string | undefined, flags) => end(await debug(context, id, flags)));
  const knowledge = program.command('knowledge').description('earlier failures, causes, fixes and outcomes: search');
  knowledge
    .command('search')
    .argument('<words...>', 'words of a failure')
    .description('find what is alike, nearest first')
    .requiredOption('--project <name>', 'lessons of this project')
    .addOption(new Option('--kind <kind>', 'only these').choices(['outcome', 'failure', 'cause', 'fix']))
    .addOption(new Option('--limit <n>', 'how many').argParser(wholeNumber('--limit', 1, 50)).default(10))
    .option('--json', 'print one JSON object')
    .action(async (words: string[], flags) => end(await searchKnowledge(context, words.join(' '), flags)));
}
