import type { SessionState } from '../session/snapshot.js';
import { type Lane, type Phase, phasesOf } from './recording.js';

// ms. Every call takes a moment before it is sent, and after its answer; that is no waiting.
const TRIFLE = 10;

const NAMES: Record<Phase['is'], string> = { waiting: 'waited', wire: 'on the wire', replay: 'replay' };

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return clock(ms);
}

/** At a mark of the axis: a round number. */
export function moment(ms: number): string {
  return Math.abs(ms) < 1_000 ? `${Math.round(ms)} ms` : `${Number((ms / 1_000).toFixed(3))} s`;
}

export function nameOf({ method, url }: Lane): string {
  return `${method.toUpperCase()} ${url}`;
}

/** How a request ended, or what it is at. */
export function outcomeOf(lane: Lane): string {
  const last = lane.sends.at(-1);
  if (!lane.outcome) return last && last.endedAt === undefined ? 'on the wire' : 'waiting';
  const status = last?.status;
  return [lane.outcome, status ?? lane.code].filter((each) => each !== undefined).join(' ');
}

/** Its steps, in order; trifles are left out. A step that goes on has no duration: it would be read out ever anew. */
export function stepsOf(lane: Lane): string[] {
  return phasesOf(lane)
    .filter(({ is, from, to }) => is !== 'waiting' || to === undefined || to - from > TRIFLE)
    .map(({ is, from, to, status }) => {
      if (to === undefined) return is === 'waiting' ? 'waiting' : 'on the wire';
      return `${NAMES[is]} ${duration(to - from)}${status ? ` → ${status}` : ''}`;
    });
}

export function detailsOf(lane: Lane): string {
  const total = lane.endedAt === undefined ? '' : ` in ${duration(lane.endedAt - lane.startedAt)}`;
  return `${nameOf(lane)}, ${outcomeOf(lane)}${total}: ${stepsOf(lane).join(', ')}`;
}

export function stateText(state: SessionState): string {
  if (state.status === 'failed') return state.error.code;
  if (!('generation' in state) || state.generation === undefined) return '';
  const { generation, expiresAt } = state;
  if (expiresAt === undefined) return `token ${generation}`;
  const left = expiresAt - Date.now();
  return `token ${generation}, ${left > 0 ? `${clock(left)} left` : 'expired'}`;
}

function clock(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
