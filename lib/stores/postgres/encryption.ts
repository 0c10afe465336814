import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import type { Row } from './row.js';

/** A key of 32 bytes. @inline */
type Key = Uint8Array | KeyObject;

/** Keeps tokens secret in the database, its replicas and its backups: AES-256-GCM. */
export interface PostgresEncryption {
  /** The id of the key that is written with; it rests beside what is encrypted. `null`: plain text is written. */
  readonly current: string | null;
  /**
   * Called at each read and write, with the id that was written with: the key of that id, 32 bytes, or `undefined` if it
   * is none of yours. Keep a key that is costly to fetch.
   */
  key(id: string): Key | undefined | Promise<Key | undefined>;
}

// As RFC 7518 §5.3 names it. Plain text begins with a brace.
const NAME = 'A256GCM';
const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** What encrypts, and what is only read by what `encryption` says. */
interface Context {
  /** The row's: what was written for one row can't be read in another. */
  readonly key: string;
  readonly encryption: PostgresEncryption | undefined;
}

/** @returns the row as it rests */
export async function sealed(row: Row, { key, encryption }: Context): Promise<Row> {
  const id = encryption?.current;
  if (!encryption || id == null) return row;
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, await keyOf(encryption, id), iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(boundTo(id, key));
  const text = Buffer.concat([cipher.update(row.value, 'utf8'), cipher.final()]);
  const parts = [Buffer.from(id), iv, cipher.getAuthTag(), text].map((part) => part.toString('base64url'));
  return { ...row, value: [NAME, ...parts].join('.') };
}

/** @returns the row with its value as plain text. @throws an error that names the key's id, and nothing of the text */
export async function opened(row: Row, { key, encryption }: Context): Promise<Row> {
  const [name, ...parts] = row.value.split('.');
  if (name !== NAME) return row;
  const [idBytes, iv, tag, text] = parts.map((part) => Buffer.from(part, 'base64url'));
  const id = String(idBytes);
  if (!encryption) throw new Error(`What is stored was encrypted with the key "${id}": give the option encryption`);
  const secret = await keyOf(encryption, id);
  try {
    const decipher = createDecipheriv(ALGORITHM, secret, iv!, { authTagLength: TAG_BYTES });
    decipher.setAAD(boundTo(id, key)).setAuthTag(tag!);
    return { ...row, value: Buffer.concat([decipher.update(text!), decipher.final()]).toString('utf8') };
  } catch {
    const why = 'it was changed, was moved from another row, or the key of that id is another one';
    throw new Error(`What is stored can't be read with the key "${id}": ${why}`);
  }
}

function boundTo(id: string, key: string): Buffer {
  return Buffer.from(JSON.stringify([id, key]));
}

async function keyOf({ key }: PostgresEncryption, id: string): Promise<Key> {
  const secret = await key(id);
  if (!secret) throw new Error(`The option encryption has no key "${id}", which is needed`);
  if (bytesOf(secret) === KEY_BYTES) return secret;
  throw new Error(`The key "${id}" must have ${KEY_BYTES} bytes, for AES-256`);
}

function bytesOf(secret: Key): number | undefined {
  return 'byteLength' in secret ? secret.byteLength : secret.symmetricKeySize;
}
