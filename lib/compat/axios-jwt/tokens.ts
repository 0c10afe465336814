import { type IAuthTokens, shelfOf } from './shared-storage.js';
import { applied, STORAGE_KEY, type StorageType } from './storage.js';

/** Does it in the storage that was named last, or nothing where none was. */
async function there<T>(step: (storage: StorageType) => Promise<T>): Promise<T | undefined> {
  const storage = applied.last;
  return storage && shelfOf(storage).inTurn(() => step(storage));
}

/** What is stored. @throws SyntaxError with axios-jwt's text, which quotes what can't be read */
export async function storedTokens(): Promise<IAuthTokens | undefined> {
  const raw = await there((storage) => storage.get(STORAGE_KEY));
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
  await there((storage) => storage.set(STORAGE_KEY, raw));
};

/** Call it to change the access token alone. @throws when nobody is signed in */
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
export const clearAuthTokens = async (): Promise<void> => there((storage) => storage.remove(STORAGE_KEY));

/** Is there a refresh token? */
export const isLoggedIn = async (): Promise<boolean> => Boolean(await getRefreshToken());
