/** `baton receipt show | verify | key`: what a verdict rests on, checked with or without a stack. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ownReceiptKey, parsePublicKey, verifySignature } from '../../config/receipts.js';
import { canonicalJson } from '../../domain/canonical.js';
import { contradictions } from '../../domain/receipt-check.js';
import { type Receipt, ReceiptKey, ReceiptKeyList, SignedReceipt } from '../../domain/receipt.schema.js';
import { totalsText } from '../answer.js';
import { executionId } from '../check.js';
import type { Context } from '../context.js';
import { CommandEnd, EXIT, type ExitCode } from '../exit-codes.js';
import { useStack } from '../stack-use.js';
import { oneLine, table } from '../terminal.js';

export interface VerifyFlags {
  readonly key?: string;
  readonly execution?: string;
  readonly commit?: string;
  readonly json?: boolean;
}

/** Writes the receipt as it was signed; `baton receipt show ID > receipt.json` is a file that can be checked anywhere. */
export async function showReceipt(context: Context, given: string): Promise<ExitCode> {
  const id = executionId(given);
  const stack = await useStack(context, { runners: 0, say: (line) => void context.stderr.write(`${line}\n`) });
  try {
    context.stdout.write(`${Buffer.from(await stack.client.receipt(id)).toString('utf8')}\n`);
    return EXIT.green;
  } finally {
    await stack.end();
  }
}

/** The public key of this installation, for those who check receipts elsewhere. Reads a file, starts nothing. */
export function showReceiptKey(context: Context, flags: { json?: boolean }): ExitCode {
  const key = ownReceiptKey(context.settings.home, context.settings.receiptKey);
  if (!key)
    throw new CommandEnd(
      `There is no key in ${context.settings.home} yet: the first start of Baton makes it.`,
      EXIT.unknown,
    );
  context.stdout.write(flags.json ? `${JSON.stringify(key)}\n` : key.publicKey);
  if (!flags.json) context.stderr.write(`key id ${key.keyId}\n`);
  return EXIT.green;
}

/** Offline. 0: as it was signed, and it holds together; 1: not; 2: wrong call; 3: cannot be checked. */
export function verifyReceipt(context: Context, file: string, flags: VerifyFlags): ExitCode {
  const document = read(context, file);
  const key = keyFor(context, document.signature.keyId, flags);
  if (!signedBy(key, document))
    return refuse(context, file, ['its signature is wrong: it was changed, or never signed with this key']);
  const parsed = SignedReceipt.safeParse(document);
  if (!parsed.success)
    throw new CommandEnd(`${file} is a receipt of a form that this version does not know.`, EXIT.unknown);
  const { receipt } = parsed.data;
  const wrong = [...otherThanAsked(receipt, flags), ...contradictions(receipt)];
  if (wrong.length > 0) return refuse(context, file, wrong);
  context.stdout.write(
    flags.json ? `${JSON.stringify({ valid: true, keyId: key.keyId, receipt })}\n` : told(receipt, key),
  );
  return EXIT.green;
}

/** As it was read: what the schema does not know is signed too. */
interface Document {
  readonly receipt: unknown;
  readonly signature: { readonly algorithm: string; readonly keyId: string; readonly value: string };
}

function read(context: Context, file: string): Document {
  let text: string;
  try {
    text = readFileSync(resolve(context.cwd, file), 'utf8');
  } catch (error) {
    throw new CommandEnd(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, EXIT.usage);
  }
  const document = parsed(text);
  const envelope = SignedReceipt.pick({ signature: true }).safeParse(document);
  if (!envelope.success || !Object.hasOwn(document as object, 'receipt'))
    throw new CommandEnd(`${file} is no signed receipt, or is cut off: nothing in it can be checked.`, EXIT.unknown);
  return document as Document;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Said by the caller, in one sentence.
    return undefined;
  }
}

/** Never a key that came with the receipt: only one that was given, or this installation's own. */
function keyFor(context: Context, keyId: string, flags: VerifyFlags): ReceiptKey {
  const known = flags.key ? givenKeys(context, flags.key) : ownKeys(context);
  const key = known.find((each) => each.keyId === keyId);
  if (key) return key;
  const whose = flags.key
    ? `${flags.key} holds ${known.map((each) => each.keyId).join(', ')}`
    : 'this installation has another key';
  throw new CommandEnd(
    `The receipt was signed with key ${keyId}; ${whose}. Get the key from where the receipt came from (\`baton receipt key\`, or GET /api/receipt-keys) and give it with --key.`,
    EXIT.unknown,
  );
}

function ownKeys({ settings }: Context): ReceiptKey[] {
  const own = ownReceiptKey(settings.home, settings.receiptKey);
  return own ? [own] : [];
}

/** A PEM file, or the JSON of `baton receipt key --json` and of GET /api/receipt-keys. */
function givenKeys(context: Context, file: string): ReceiptKey[] {
  let text: string;
  try {
    text = readFileSync(resolve(context.cwd, file), 'utf8');
  } catch (error) {
    throw new CommandEnd(`--key: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, EXIT.usage);
  }
  if (!text.trimStart().startsWith('{')) return [parsePublicKey(text, `--key ${file}`)];
  const json = parsed(text);
  const list = ReceiptKeyList.safeParse(json);
  const one = ReceiptKey.safeParse(json);
  const keys = list.success ? list.data.items : one.success ? [one.data] : [];
  if (keys.length === 0) throw new CommandEnd(`--key: ${file} holds no key of receipts.`, EXIT.usage);
  // The id is worked out again: a list may say what it likes.
  return keys.map((each) => parsePublicKey(each.publicKey, `--key ${file}`));
}

function signedBy(key: ReceiptKey, { receipt, signature }: Document): boolean {
  return verifySignature(key, Buffer.from(canonicalJson(receipt)), signature.value);
}

/** A valid receipt of another run proves nothing about this one. */
function otherThanAsked(receipt: Receipt, { execution, commit }: VerifyFlags): string[] {
  const wrong: string[] = [];
  if (execution && receipt.execution !== execution) wrong.push(`it is of ${receipt.execution}, not of ${execution}`);
  if (commit && !receipt.commit?.startsWith(commit))
    wrong.push(`it is of commit ${receipt.commit ?? '(none)'}, not of ${commit}`);
  return wrong;
}

function refuse(context: Context, file: string, wrong: readonly string[]): ExitCode {
  context.stderr.write(`${file} is not valid:\n${wrong.map((each) => `  ${oneLine(each, 500)}\n`).join('')}`);
  return EXIT.red;
}

function told(receipt: Receipt, key: ReceiptKey): string {
  const { expected, observed, commit, dirty, branch } = receipt;
  const where = [branch, commit?.slice(0, 12)].filter(Boolean).join('@') + (dirty ? ' with local changes' : '');
  const left = receipt.notRun.map((n) => [
    `not run (${n.by})`,
    oneLine(`${n.suite}${n.file ? ` ${n.file}` : ''}: ${n.reason}`, 200),
  ]);
  return `valid: ${receipt.verdict}, ${totalsText(observed.totals)}; ${observed.files} of ${expected.files} expected files observed
${table([
  ['execution', receipt.execution],
  ['project', receipt.project],
  ...(where ? [['code', where]] : []),
  ['judged', receipt.times.judged],
  ['key', key.keyId],
  ...receipt.reasons.map((reason) => ['because', oneLine(reason, 300)]),
  ...left.slice(0, 20),
])}`;
}
