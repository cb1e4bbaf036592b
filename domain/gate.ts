/**
 * The door of a runner: a batch enters while the door is open and what it needs fits beside what runs. Closing it lets
 * everybody finish. Whoever polls for work asks `hasRoom` first; a batch that comes although there is none is handed back.
 */

export interface Capacity {
  readonly slots: number;
  readonly memoryMb: number;
  readonly cpus: number;
}

/** How busy a machine is, in shares from 0 to 1. */
export interface Load {
  readonly processors: number;
  readonly memory: number;
}

export interface Need {
  readonly memoryMb: number;
  readonly cpus: number;
}

export class Gate {
  private readonly inside = new Set<Need>();
  private readonly listeners = new Set<() => void>();
  private closedFor: string | null = null;
  private heldFor: string | null = null;

  constructor(readonly capacity: Capacity) {}

  get running(): number {
    return this.inside.size;
  }

  get isOpen(): boolean {
    return this.closedFor === null;
  }

  hasRoom(): boolean {
    return this.isOpen && this.heldFor === null && this.inside.size < this.capacity.slots;
  }

  /** Returns how to leave; or, as text, why not. A batch that needs more than there is enters an empty runner. */
  enter(need: Need): (() => void) | string {
    const shut = this.closedFor ?? this.heldFor;
    if (shut !== null) return shut;
    if (this.inside.size >= this.capacity.slots) return 'the runner is busy';
    if (this.inside.size > 0) {
      const lacks = this.lacks(need);
      if (lacks) return lacks;
    }
    const entry = { ...need };
    this.inside.add(entry);
    this.changed();
    return () => {
      if (this.inside.delete(entry)) this.changed();
    };
  }

  private lacks(need: Need): string | undefined {
    const used = [...this.inside].reduce((sum, e) => ({
      memoryMb: sum.memoryMb + e.memoryMb,
      cpus: sum.cpus + e.cpus,
    }));
    if (used.memoryMb + need.memoryMb > this.capacity.memoryMb) return 'the runner has not enough free memory';
    if (used.cpus + need.cpus > this.capacity.cpus) return 'the runner has not enough free processors';
    return undefined;
  }

  close(reason: string): void {
    this.closedFor = reason;
    this.changed();
  }

  open(): void {
    this.closedFor = null;
    this.changed();
  }

  /** Lets no batch in for a while, for a reason of the machine's and not of anybody's order: null lets them in again. */
  hold(reason: string | null): void {
    if (this.heldFor === reason) return;
    this.heldFor = reason;
    this.changed();
  }

  /** Called after each change. Returns how to stop. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
