/**
 * When the pool grows and shrinks. One runner at a time; up as soon as batches wait (their number and their age), down only
 * after a long quiet time; after each step a pause, so that the step can show its effect. Pure: the caller acts.
 */

export interface ScalingRules {
  readonly min: number;
  readonly max: number;
  /** Pause after a step, before the next one up. */
  readonly coolDownMs: number;
  /** Nothing may have waited for so long, and no runner been busy beyond need, before one is let go. */
  readonly idleMs: number;
  /** A batch that waits for less may be taken by the next free runner. */
  readonly minAgeMs: number;
}

export const DEFAULT_SCALING: Omit<ScalingRules, 'min' | 'max'> = { coolDownMs: 3_000, idleMs: 60_000, minAgeMs: 500 };

export interface Observation {
  /** Time of a clock that never goes back, in milliseconds. */
  readonly nowMs: number;
  /** Runners that are wanted: starting ones included, leaving ones not. */
  readonly size: number;
  /** Of these, how many have nothing to do. */
  readonly idle: number;
  readonly backlog: number;
  readonly oldestAgeMs: number;
}

export interface ScalingState {
  readonly lastStepMs: number;
  /** Since when there was a runner too many, without a break. */
  readonly idleSinceMs: number | null;
}

export const INITIAL: ScalingState = { lastStepMs: Number.NEGATIVE_INFINITY, idleSinceMs: null };

export interface Decision {
  readonly step: 'up' | 'down' | null;
  readonly reason: string;
  readonly state: ScalingState;
}

export function decide(rules: ScalingRules, state: ScalingState, seen: Observation): Decision {
  const { size, backlog, oldestAgeMs, nowMs } = seen;
  // Hysteresis: one waiting batch ends the quiet time, and it has to begin again.
  const tooMany = backlog === 0 && seen.idle > 0;
  const idleSinceMs = tooMany ? (state.idleSinceMs ?? nowMs) : null;
  const rested = nowMs - state.lastStepMs >= rules.coolDownMs;
  const stepped = { lastStepMs: nowMs, idleSinceMs: null };
  if (size < rules.min) return { step: 'up', reason: `the pool has at least ${rules.min}`, state: stepped };
  if (size > rules.max && seen.idle > 0)
    return { step: 'down', reason: `the pool has at most ${rules.max}`, state: stepped };
  if (backlog > 0 && seen.idle === 0 && oldestAgeMs >= rules.minAgeMs && size < rules.max && rested) {
    const waiting = `${backlog} ${backlog === 1 ? 'batch waits' : 'batches wait'}, the oldest for ${(oldestAgeMs / 1000).toFixed(1)} s`;
    return { step: 'up', reason: waiting, state: stepped };
  }
  const quietMs = idleSinceMs === null ? 0 : nowMs - idleSinceMs;
  if (size > rules.min && quietMs >= rules.idleMs && rested)
    // The next one need not be quiet for as long again: only as long as the pause.
    return {
      step: 'down',
      reason: `nothing has waited for ${Math.round(quietMs / 1000)} s`,
      state: { lastStepMs: nowMs, idleSinceMs: nowMs - rules.idleMs },
    };
  return { step: null, reason: '', state: { lastStepMs: state.lastStepMs, idleSinceMs } };
}

/** `3` or `2..5`. Undefined for anything else. `min` may be larger than `max`: the caller says what is wrong. */
export function parseRange(text: string): { min: number; max: number } | undefined {
  const found = /^(\d{1,3})(?:\.\.(\d{1,3}))?$/.exec(text.trim());
  if (!found) return undefined;
  const min = Number(found[1]);
  return { min, max: found[2] === undefined ? min : Number(found[2]) };
}
