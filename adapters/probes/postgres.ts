import pg from 'pg';
import type { Probe } from '../../domain/monitoring/health.js';

/** Connects and asks for nothing but an answer. The sentence names host and database, never the password. */
export function postgresCheck(url: string, timeoutMs: number): Probe['check'] {
  return async () => {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
      application_name: 'baton-probe',
    });
    // A server that goes away in the middle is told by the query that fails.
    client.on('error', () => undefined);
    const where = `${client.host}:${client.port}/${client.database ?? ''}`;
    try {
      await client.connect();
      const { rows } = await client.query<{ bytes: string }>('SELECT pg_database_size(current_database()) AS bytes');
      return {
        status: 'healthy',
        sentence: `${where} answers, ${Math.round(Number(rows[0]?.bytes ?? 0) / 1_048_576)} MiB`,
      };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return {
        status: 'down',
        sentence: `PostgreSQL at ${where} does not answer (${code ?? message}). ${adviceOf(code)}`,
      };
    } finally {
      await client.end().catch(() => {
        // It never was connected.
      });
    }
  };
}

function adviceOf(code: string | undefined): string {
  if (code === '28P01' || code === '28000') return 'User or password are wrong.';
  if (code === '3D000') return 'The database does not exist: create it.';
  if (code === '53300') return 'It has no connection left: raise max_connections, or look for who holds them.';
  if (code === '57P03') return 'It is starting or stopping.';
  return 'Start it, or correct the address.';
}
