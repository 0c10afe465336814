import type { LeverState, NextRefresh } from '../protocol.js';

/** Pulls one of the server's levers. */
export function pull(lever: 'expire' | 'revoke' | 'reset'): Promise<LeverState>;
export function pull(lever: 'next-refresh', value: NextRefresh): Promise<LeverState>;
export function pull(lever: 'network', value: 'on' | 'off'): Promise<LeverState>;
export async function pull(lever: string, value = ''): Promise<LeverState> {
  return (await fetch(`/levers/${lever}/${value}`, { method: 'POST' })).json();
}

/** How the levers stand, and what the server has counted. */
export async function look(): Promise<LeverState> {
  return (await fetch('/levers')).json();
}

/** Counts this tab: 1 for the first since the server was started. */
export async function tabNumber(): Promise<number> {
  return (await fetch('/tab', { method: 'POST' })).json();
}
