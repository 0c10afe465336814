import { type IAuthTokens, sharedStorageOf } from './shared-storage.js';
import { defaults, STORAGE_KEY, type StorageType } from './storage.js';

/** A step in the storage that was named last; `undefined` where none was. */
async function inStorage<T>(step: (storage: StorageType) => Promise<T>): Promise<T | undefined> {
  const { storage } = defaults;
  return storage && sharedStorageOf(storage).inTurn(() => step(storage));
}

/** What is stored. @throws SyntaxError with axios-jwt's text, which quotes what can't be read */
export async function storedTokens(): Promise<IAuthTokens | undefined> {
  const raw = await inStorage((storage) => storage.get(STORAGE_KEY));
  if (!raw) return undefined;
  try {
    return JSON.parse(raw) ?? undefined;
  } catch {
    throw new SyntaxError(`Failed to parse auth tokens: ${raw}`);
  }
}

/** Call it after a login. The next request bears the new token. */
export const setAuthTokens = async (tokens: IAuthTokens): Promise<void> => {
  const raw = JSON.stringify(tokens);
  await inStorage((storage) => storage.set(STORAGE_KEY, raw));
};

/** Call it to change the access token alone. @throws when no user is signed in */
export const setAccessToken = async (token: string): Promise<void> => {
  const tokens = await storedTokens();
  if (!tokens) throw new Error('Unable to update access token since there are no tokens currently stored');
  await setAuthTokens({ ...tokens, accessToken: token });
};

/** Call it for the stored access token as it is, expired or not. */
export const getAccessToken = async (): Promise<string | undefined> => (await storedTokens())?.accessToken;

/** Call it for the stored refresh token. */
export const getRefreshToken = async (): Promise<string | undefined> => (await storedTokens())?.refreshToken;

/** Call it at logout. A refresh under way brings nobody back. */
export const clearAuthTokens = async (): Promise<void> => inStorage((storage) => storage.remove(STORAGE_KEY));

/** Call it to ask whether a user is signed in, which means that there is a refresh token. */
export const isLoggedIn = async (): Promise<boolean> => Boolean(await getRefreshToken());
