import type { Probe } from '../../domain/monitoring/health.js';
import { open, type Reach } from './guarded.js';

const MAX_ANSWER = 4096;

export interface RedisTarget extends Reach {
  readonly host: string;
  readonly port: number;
  readonly password?: string | undefined;
}

/** Says PING in Redis' own protocol, after AUTH where there is a password, and waits for PONG. */
export function redisCheck(target: RedisTarget): Probe['check'] {
  const where = `${target.host}:${target.port}`;
  return async (signal) => {
    const socket = await open(target.host, target.port, target, signal as AbortSignal);
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      socket.on('data', (part) => {
        text += part.toString('latin1');
        if (!/\+PONG\r\n|^-[^\r]*\r\n/m.test(text) && text.length < MAX_ANSWER) return;
        socket.destroy();
        resolve(text);
      });
      socket.once('error', (error) => reject(new Error(`${where} broke off: ${error.message}`)));
      socket.once('close', () => resolve(text));
      socket.write(`${target.password === undefined ? '' : command('AUTH', target.password)}${command('PING')}`);
    });
    if (answer.includes('+PONG\r\n')) return { status: 'healthy', sentence: `${where} answers PONG` };
    const error = /-([A-Z]+)/.exec(answer)?.[1];
    if (error === 'NOAUTH' || error === 'WRONGPASS')
      return { status: 'down', sentence: `Redis at ${where} refuses the password (${error}): correct \`password\`.` };
    if (error === 'LOADING') return { status: 'degraded', sentence: `Redis at ${where} is loading its data.` };
    return {
      status: 'down',
      sentence: `${where} does not speak the protocol of Redis${error ? ` (${error})` : ''}: correct host and port.`,
    };
  };
}

const command = (...words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
