/** How commands get a stack: the one that is up, a server elsewhere, or one of their own for as long as they need it. */
import { createBoard } from '../scripts/lib/board.mjs';
import { locateTemporal, type TemporalSource } from '../scripts/lib/temporal-server.mjs';
import { type Manifest, runningStack } from '../workers/stack/manifest.js';
import { enterStack } from '../workers/stack/owner.js';
import { type Stack, startStack, type StackOptions } from '../workers/stack/stack.js';
import type { Client } from './client.js';
import { apiKey, type Context } from './context.js';

export interface StackUse {
  readonly client: Client;
  /** Null for a server elsewhere (`BATON_API_URL`). */
  readonly manifest: Manifest | null;
  /** Brought up by this command. */
  readonly own: boolean;
  /** Leaves the stack, or takes it down when it is this command's own. May be called again. */
  end(): Promise<void>;
}

export interface StackWish {
  /** Of a stack that this command brings up. */
  readonly runners: number;
  readonly signal?: AbortSignal;
  readonly say: (line: string) => void;
}

export async function useStack(context: Context, wish: StackWish): Promise<StackUse> {
  const { settings } = context;
  if (settings.apiUrl)
    return {
      client: context.connect(settings.apiUrls.join(','), apiKey(settings)),
      manifest: null,
      own: false,
      end: async () => {},
    };
  // Entered before the look: a temporary stack that is about to go down sees this client or is not seen by it.
  const leave = enterStack(settings.home);
  try {
    const running = runningStack(settings.home);
    const stack = running ? joined(running) : await startStack(stackOptions(context, wish));
    if (stack.own) leave();
    const end = async (): Promise<void> => {
      leave();
      await stack.stop();
    };
    try {
      return {
        client: context.connect(stack.manifest.api, apiKey(settings)),
        manifest: stack.manifest,
        own: stack.own,
        end,
      };
    } catch (error) {
      await end();
      throw error;
    }
  } catch (error) {
    leave();
    throw error;
  }
}

const joined = (manifest: Manifest): Stack => ({ manifest, own: false, stop: async () => {} });

function stackOptions(context: Context, wish: StackWish): StackOptions {
  const { settings } = context;
  return {
    home: settings.home,
    env: settings.environment,
    temporal: () => findTemporal(context, () => {}),
    ports: { api: 0, temporal: 0, ui: 0 },
    runners: wish.runners,
    temporary: true,
    say: wish.say,
    ...(wish.signal ? { signal: wish.signal } : {}),
  };
}

/** Finds the server; a download or build shows how far it is. */
export async function findTemporal(context: Context, log: (line: string) => void): Promise<TemporalSource> {
  const board = createBoard(context.stderr);
  const line = board.line('Temporal server');
  try {
    const found = await locateTemporal({ env: context.settings.environment, log, onProgress: line.update });
    line.done();
    return found;
  } catch (error) {
    line.fail('not found');
    throw error;
  }
}
