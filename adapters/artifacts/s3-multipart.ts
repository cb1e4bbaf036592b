/** Large files go to the store in parts, so that a lost connection costs one part. What cannot be completed is given back. */
import type { FileHandle } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { type Place, readPart } from './s3.js';

/** Throws what the store says; nothing of the file is there then. */
export async function uploadInParts(
  { client, bucket }: Place,
  key: string,
  file: FileHandle,
  size: number,
  partBytes: number,
): Promise<void> {
  const target = { Bucket: bucket, Key: key };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: 'SHA256' }));
  const upload = { ...target, UploadId };
  try {
    const parts = [];
    for (let at = 0, number = 1; at < size; at += partBytes, number++) {
      const Body = await readPart(file, at, Math.min(partBytes, size - at));
      const { ETag, ChecksumSHA256 } = await client.send(
        new UploadPartCommand({ ...upload, PartNumber: number, Body, ChecksumAlgorithm: 'SHA256' }),
      );
      parts.push({ PartNumber: number, ETag, ChecksumSHA256 });
    }
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }));
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => {
      // The store forgets unfinished uploads by its own rule; what went wrong first is what must be told.
    });
    throw error;
  }
}
