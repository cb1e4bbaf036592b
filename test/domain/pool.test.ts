import { describe, expect, it } from 'vitest';
import { loadWatch } from '../../activities/pool/load.js';
import { Gate, type Load } from '../../domain/gate.js';
import { hostQueue, labelQueue, RUNNER_QUEUE } from '../../domain/names.js';
import { withNeeds } from '../../domain/needs.js';
import { priorityKey, priorityWord, suitePriority } from '../../domain/priority.js';
import { knownQueues, serves } from '../../domain/runner-queues.js';
import { decide, INITIAL, type Observation, parseRange, type ScalingRules } from '../../domain/scaling.js';
import { aPlan, aSuite } from '../support/builders.js';

const RULES: ScalingRules = { min: 2, max: 5, coolDownMs: 3_000, idleMs: 60_000, minAgeMs: 500 };

/** Looks every second; what is seen depends on time and size. Returns the steps as `seconds:size`. */
function play(seconds: number, size: number, seen: (s: number, size: number) => Partial<Observation>): string[] {
  let state = INITIAL;
  const steps: string[] = [];
  for (let s = 0; s < seconds; s++) {
    const now = { nowMs: s * 1000, size, idle: 0, backlog: 0, oldestAgeMs: 0, ...seen(s, size) };
    const decision = decide(RULES, state, now);
    state = decision.state;
    if (decision.step === null) continue;
    size += decision.step === 'up' ? 1 : -1;
    steps.push(`${s}:${size}`);
  }
  return steps;
}

describe('the size of the pool', () => {
  it('grows one by one while 100 batches wait, never beyond the ceiling, with a pause after each step', () => {
    expect(play(30, 2, () => ({ backlog: 100, oldestAgeMs: 5_000 }))).toEqual(['0:3', '3:4', '6:5']);
  });

  it('shrinks to the floor after a long quiet time, one by one', () => {
    expect(play(120, 5, (_s, size) => ({ idle: size }))).toEqual(['60:4', '63:3', '66:2']);
  });

  it('does not flap: one waiting batch begins the quiet time anew', () => {
    expect(play(100, 3, (s, size) => (s % 50 === 49 ? { backlog: 1, idle: 1 } : { idle: size }))).toEqual([]);
  });

  it('lets nobody go while all are busy, and needs nobody more for what a free one takes in a moment', () => {
    expect(play(200, 5, () => ({ idle: 0 }))).toEqual([]);
    expect(play(30, 2, () => ({ idle: 1, backlog: 3, oldestAgeMs: 900 }))).toEqual([]);
    expect(play(30, 2, () => ({ backlog: 3, oldestAgeMs: 100 }))).toEqual([]);
  });

  it.each([
    ['3', { min: 3, max: 3 }],
    ['3..6', { min: 3, max: 6 }],
    ['6..3', { min: 6, max: 3 }],
    ['x', undefined],
    ['1..', undefined],
  ])('is asked for as %s', (text, range) => {
    expect(parseRange(text)).toEqual(range);
  });
});

describe('the gate of a runner', () => {
  it('lets batches in while what they need fits, and one into an empty runner whatever it needs', () => {
    const gate = new Gate({ slots: 3, memoryMb: 1000, cpus: 2 });
    const leave = gate.enter({ memoryMb: 5000, cpus: 9 });
    expect(gate.enter({ memoryMb: 1, cpus: 0 })).toBe('the runner has not enough free memory');
    if (typeof leave === 'string') throw new Error(leave);
    leave();
    leave();
    expect(gate.running).toBe(0);
    gate.enter({ memoryMb: 600, cpus: 1 });
    expect(gate.enter({ memoryMb: 500, cpus: 0 })).toBe('the runner has not enough free memory');
    expect(gate.enter({ memoryMb: 100, cpus: 1.5 })).toBe('the runner has not enough free processors');
    expect(typeof gate.enter({ memoryMb: 400, cpus: 1 })).toBe('function');
  });

  it('is closed to new ones while those inside finish', () => {
    const gate = new Gate({ slots: 1, memoryMb: 1000, cpus: 2 });
    let told = 0;
    gate.onChange(() => told++);
    const leave = gate.enter({ memoryMb: 0, cpus: 0 });
    expect([gate.hasRoom(), gate.enter({ memoryMb: 0, cpus: 0 })]).toEqual([false, 'the runner is busy']);
    gate.close('the runner is paused');
    if (typeof leave === 'function') leave();
    expect([gate.hasRoom(), gate.enter({ memoryMb: 0, cpus: 0 })]).toEqual([false, 'the runner is paused']);
    gate.open();
    expect(gate.hasRoom()).toBe(true);
    expect(told).toBe(4);
  });
});

describe('the load of the machine', () => {
  it('holds the gate while it is above a limit, and lets batches in when it falls or cannot be read', async () => {
    const gate = new Gate({ slots: 2, memoryMb: 1000, cpus: 2 });
    const leave = gate.enter({ memoryMb: 0, cpus: 0 });
    let load: Load | undefined = { processors: 0.5, memory: 0.5 };
    const said: string[] = [];
    const look = loadWatch({
      gate,
      limits: { processors: 0.9, memory: 0.8 },
      look: async () => load ?? Promise.reject(new Error('no /proc')),
      log: { info: (_data, message) => said.push(message) },
    });
    const room = async () => {
      await look();
      return gate.hasRoom();
    };
    load = { processors: 0.9, memory: 0.5 };
    expect(await room()).toBe(false);
    expect(gate.enter({ memoryMb: 0, cpus: 0 })).toBe('the processors of the machine are used to 90 % or more');
    expect([gate.running, gate.isOpen], 'what runs goes on, and nobody has paused anything').toEqual([1, true]);
    load = { processors: 0.89, memory: 0.5 };
    expect(await room()).toBe(true);
    load = { processors: 0.1, memory: 0.8 };
    expect(await room()).toBe(false);
    expect(await room()).toBe(false);
    expect(said).toEqual(['no batch begins', 'batches may begin again', 'no batch begins']);
    load = undefined;
    await expect(look()).rejects.toThrow('no /proc');
    expect(gate.hasRoom()).toBe(true);
    if (typeof leave === 'function') leave();
  });
});

describe('queues', () => {
  it('have a stable name for each set of labels, shared and of one machine', () => {
    expect(labelQueue(RUNNER_QUEUE, [])).toBe('baton-runner');
    expect(labelQueue(RUNNER_QUEUE, ['gpu', 'chrome'])).toBe('baton-runner+chrome+gpu');
    expect(labelQueue(hostQueue(RUNNER_QUEUE, 'vm'), ['gpu'])).toBe('baton-runner+gpu@vm');
  });

  it('are served by runners that have all the labels, on the right machine', () => {
    const queues = knownQueues(['a', 'b'], [['chrome', 'gpu']]);
    const of = (host: string, labels: string[]) =>
      queues.filter((queue) => serves({ host, labels }, queue)).map((queue) => queue.queue);
    expect(of('a', ['gpu'])).toEqual(['baton-runner', 'baton-runner@a']);
    expect(of('b', ['gpu', 'chrome', 'fast'])).toEqual([
      'baton-runner',
      'baton-runner@b',
      'baton-runner+chrome+gpu',
      'baton-runner+chrome+gpu@b',
    ]);
  });
});

describe('priorities', () => {
  it.each([
    ['ai-chat', '.', 'critical'],
    ['unit', 'packages/integration', 'high'],
    ['e2e', '.', 'medium'],
    ['ui-snapshot', '.', 'low'],
    ['mail', 'src/email', 'medium'],
  ])('of a suite %s in %s is %s', (name, dir, priority) => {
    expect(suitePriority({ name, dir })).toBe(priority);
  });

  it('as numbers are the same: 1 is critical', () => {
    expect([1, 2, 3, 4, 5].map((n) => priorityWord(n))).toEqual(['critical', 'high', 'medium', 'low', 'background']);
    expect(priorityKey('critical')).toBe(1);
  });
});

describe('what a batch needs', () => {
  const suite = aSuite('unit', {
    needs: { labels: ['gpu'], memoryMb: 2000, cpus: 2 },
    leases: { ports: 0, resources: ['db', { name: 'db', count: 1 }, 'device:pixel'] },
  });
  const { batches } = aPlan({ b1: ['a.test.ts'] });

  it('comes from its suite; a plain one carries nothing', () => {
    expect(withNeeds(batches, [aSuite()], {})).toEqual(batches);
    expect(withNeeds(batches, [suite], { db: 3 })[0]?.needs).toEqual({
      labels: ['gpu'],
      memoryMb: 2000,
      cpus: 2,
      resources: [
        { name: 'db', count: 2, limit: 3 },
        { name: 'device:pixel', count: 1, limit: 1 },
      ],
    });
  });

  it('is refused when there is less of a thing in all', () => {
    expect(() => withNeeds(batches, [suite], {})).toThrow('Suite unit leases 2 of db, and there is 1');
  });
});
