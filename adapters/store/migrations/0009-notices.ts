/** Notices, a notification of each for every channel, how the channels are, and the threads of groups. */
import { type Kysely, sql } from 'kysely';
import { addWords } from './words.js';

const PROVENANCE = `
  project text NOT NULL,
  principal text NOT NULL,
  trust text NOT NULL CHECK (trust IN ('trusted', 'untrusted'))`;

export const WORDS = { eventType: ['notice_posted', 'notification_changed'] } as const;

export const STATEMENTS: readonly string[] = [
  `CREATE TABLE notices (
    key text PRIMARY KEY,
    no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    ${PROVENANCE},
    kind text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    group_key text NOT NULL,
    notice jsonb NOT NULL,
    unknown_channels jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE INDEX notices_by_group ON notices (group_key, no)`,
  // The lock under which it is decided what leaves next.
  `CREATE TABLE notice_channels (
    name text PRIMARY KEY,
    failures int NOT NULL DEFAULT 0,
    problem text,
    paused_until timestamptz,
    delivered_at timestamptz
  )`,
  `CREATE TABLE notifications (
    id text PRIMARY KEY,
    no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    notice text NOT NULL REFERENCES notices (key) ON DELETE CASCADE,
    channel text NOT NULL,
    ${PROVENANCE},
    state text NOT NULL DEFAULT 'planned'
      CHECK (state IN ('planned', 'waiting', 'sending', 'delivered', 'gathered', 'failed')),
    why text,
    next_at timestamptz,
    retry_at timestamptz,
    urgent boolean NOT NULL DEFAULT false,
    gathered_in text,
    tries int NOT NULL DEFAULT 0,
    reference text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sent_at timestamptz,
    delivered_at timestamptz,
    UNIQUE (notice, channel),
    CHECK ((state = 'gathered') = (gathered_in IS NOT NULL))
  )`,
  `CREATE INDEX notifications_open ON notifications (channel, created_at) WHERE state IN ('planned', 'waiting', 'sending')`,
  `CREATE INDEX notifications_sent ON notifications (channel, sent_at)`,
  `CREATE INDEX notifications_gathered ON notifications (gathered_in) WHERE gathered_in IS NOT NULL`,
  `CREATE TABLE notice_threads (
    channel text NOT NULL,
    group_key text NOT NULL,
    reference text NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (channel, group_key)
  )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  await addWords(db, 'events', 'type', WORDS.eventType);
}
