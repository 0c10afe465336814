/** Files of the reader's own that a guide imports. The first line of each is its name. */
export const BESIDE: Record<string, string[]> = {
  'docs/guides/spa-refresh-cookie.md': [
    '// views.ts\nexport declare const showApp: () => void, showLogin: () => void, showError: (error: unknown) => void;\n',
  ],
  'docs/guides/several-tabs.md': ['// views.ts\nexport declare const showApp: () => void, showLogin: () => void;\n'],
  'docs/guides/login-dialog.md': [
    '// dialog.ts\nexport declare function askLogin(note: string): Promise<{ email: string; password: string } | undefined>;\n',
  ],
};

/** What packages declare that are not installed here, as far as a guide uses it. */
export const MODULES: Record<string, string> = {
  'docs/guides/react-native.md': `
  declare module 'expo-secure-store' {
    export function getItemAsync(key: string): Promise<string | null>;
    export function setItemAsync(key: string, value: string): Promise<void>;
  }
  declare module 'react-native' {
    export const AppState: { addEventListener(type: 'change', listener: (state: string) => void): void };
  }`,
  'docs/guides/nextjs.md': `
  declare module 'next/headers' {
    export function cookies(): Promise<{
      get(name: string): { value: string } | undefined;
      set(name: string, value: string, options: { httpOnly: boolean; secure: boolean; sameSite: 'lax' }): void;
      delete(name: string): void;
    }>;
  }`,
};
