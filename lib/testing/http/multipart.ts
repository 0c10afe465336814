import { createHash } from 'node:crypto';
import type { ApiRequest } from './request.js';

/** A file that was uploaded, as the server received it. @inline */
export interface ReceivedFile {
  /** As the client named it. */
  name: string;
  /** Its size. */
  bytes: number;
  /** In hex. */
  sha256: string;
}

/** Called for each upload: the first file of a multipart body, or `undefined` when it is malformed or holds none. */
export async function readFile(request: ApiRequest): Promise<ReceivedFile | undefined> {
  const contentType = request.headers['content-type'] ?? '';
  const body = new Uint8Array(request.body);
  const form = await new Response(body, { headers: { 'content-type': contentType } }).formData().catch(none);
  for (const [, value] of form ?? []) {
    if (typeof value !== 'string') return describe(value);
  }
  return undefined;
}

/** Called wherever the server tells what it received: SHA-256 of the bytes, in hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function describe(file: File): Promise<ReceivedFile> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return { name: file.name, bytes: bytes.length, sha256: sha256(bytes) };
}

function none(): undefined {}
