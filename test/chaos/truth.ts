/** What the tests themselves wrote down, independent of everything Baton knows. */
import { readFile } from 'node:fs/promises';

export interface TruthLine {
  readonly test: string;
  readonly execution: string;
  readonly batch: string;
  readonly fence: number;
  readonly outcome: 'passed' | 'failed';
}

/** A last line that a killed process left half written is no record: its test had not ended. */
export async function readTruth(file: string): Promise<TruthLine[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line.endsWith('}'));
  return lines.map((line) => {
    const { test, token, outcome } = JSON.parse(line) as { test: string; token: string; outcome: 'passed' | 'failed' };
    const [execution = '', batch = '', fence = '0'] = token.split('.');
    return { test, execution, batch, fence: Number(fence), outcome };
  });
}
