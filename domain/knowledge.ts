/** Memory of failures, their causes and what was done about them; searched by meaning. */
export interface Lesson {
  /** The same id again replaces it. */
  readonly id: string;
  readonly project: string;
  readonly kind: 'outcome' | 'failure' | 'cause' | 'fix';
  readonly execution: string;
  /** What is searched: redacted before it is stored. */
  readonly text: string;
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}

export interface Recalled extends Lesson {
  /** 0 to 1, higher is nearer. */
  readonly score: number;
  readonly at: string;
}

export interface Knowledge {
  /** How text becomes a vector, such as `offline-v1` or the name of a server's model. */
  readonly embedding: string;
  remember(lessons: readonly Lesson[]): Promise<void>;
  recall(query: {
    readonly project: string;
    readonly text: string;
    readonly kinds?: readonly Lesson['kind'][] | undefined;
    /** Leaves out lessons of this execution. */
    readonly except?: string | undefined;
    readonly limit: number;
  }): Promise<Recalled[]>;
}
