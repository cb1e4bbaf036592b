/** `baton replay --inspect`: a debugger stops inside the workflow code, on a recorded history. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ROOT } from '../architecture/imports.js';

type Message = { id?: number; method?: string; params?: Record<string, unknown>; result?: Record<string, unknown> };

let close: (() => void) | undefined;
afterEach(() => close?.());

/** The part of a debugger that sets breakpoints. */
async function attach(url: string) {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  const seen: Message[] = [];
  socket.on('message', (text) => seen.push(JSON.parse(String(text)) as Message));
  let next = 0;
  const found = async (match: (message: Message) => boolean): Promise<Message> => {
    await expect.poll(() => seen.some(match), { timeout: 60_000 }).toBe(true);
    return seen.find(match)!;
  };
  return {
    async ask(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
      const id = ++next;
      socket.send(JSON.stringify({ id, method, params }));
      return (await found((m) => m.id === id)).result ?? {};
    },
    paused: async (nth: number): Promise<Record<string, unknown>> => {
      const pauses = (): Message[] => seen.filter((m) => m.method === 'Debugger.paused');
      await expect.poll(() => pauses().length, { timeout: 60_000 }).toBeGreaterThan(nth);
      return pauses()[nth]!.params!;
    },
    close: () => socket.close(),
  };
}

it('hits a breakpoint inside the workflow code', async () => {
  const history = join(ROOT, 'test', 'histories', 'testRun', '0.1.0', 'green.json');
  const child = spawn(process.execPath, [
    join(ROOT, 'dist', 'cli', 'main.js'),
    'replay',
    '--history',
    history,
    '--inspect',
  ]);
  close = () => child.kill('SIGKILL');
  const ended = once(child, 'exit');
  let said = '';
  let out = '';
  child.stderr.on('data', (text) => {
    said += String(text);
  });
  child.stdout.on('data', (text) => {
    out += String(text);
  });
  await expect.poll(() => /Waiting for a debugger at (ws:\S+)/.exec(said)?.[1], { timeout: 60_000 }).toBeDefined();
  const inspected = await attach(/Waiting for a debugger at (ws:\S+)/.exec(said)![1]!);
  await inspected.ask('Debugger.enable');
  await inspected.ask('Runtime.runIfWaitingForDebugger');

  // It stops whenever the workflow code is loaded, for the thread and for the execution, and a line of ours can be marked.
  let paused = await inspected.paused(0);
  let breakpointId: unknown;
  for (let nth = 1; (paused['hitBreakpoints'] as unknown[]).length === 0 && nth < 6; nth++) {
    const { scriptId } = (paused['callFrames'] as { location: { scriptId: string } }[])[0]!.location;
    const found = await inspected.ask('Debugger.searchInContent', { scriptId, query: 'pin, detect, discover, plan' });
    const [line] = found['result'] as { lineNumber: number }[];
    const location = { scriptId, lineNumber: line!.lineNumber };
    breakpointId = (await inspected.ask('Debugger.setBreakpoint', { location }))['breakpointId'] ?? breakpointId;
    await inspected.ask('Debugger.resume');
    paused = await inspected.paused(nth);
  }
  expect(paused['hitBreakpoints']).toEqual([breakpointId]);
  await inspected.ask('Debugger.removeBreakpoint', { breakpointId });
  await inspected.ask('Debugger.resume');
  inspected.close();
  const [code] = (await ended) as [number];
  expect(out).toContain('ok   green');
  expect(code).toBe(0);
}, 240_000);
