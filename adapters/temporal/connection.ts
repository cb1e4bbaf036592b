import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { compiled } from '../package-root.js';
import { type CodecKey, EncryptionCodec } from './codec.js';

export interface TemporalOptions {
  readonly address: string;
  readonly namespace: string;
  readonly codecKeys: readonly CodecKey[];
}

/** With keys, failure messages and stacks are encrypted too: they quote the project's code. */
export function dataConverter(keys: readonly CodecKey[]): DataConverter | undefined {
  if (keys.length === 0) return undefined;
  return {
    payloadCodecs: [new EncryptionCodec(keys)],
    failureConverterPath: compiled('adapters/temporal/failure-converter.js'),
  };
}

export async function connectClient({ address, namespace, codecKeys }: TemporalOptions): Promise<Client> {
  const connection = await Connection.connect({ address, connectTimeout: '5 seconds' });
  const converter = dataConverter(codecKeys);
  return new Client({ connection, namespace, ...(converter ? { dataConverter: converter } : {}) });
}
