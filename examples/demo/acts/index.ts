import type { Act } from '../act.js';
import { always401 } from './always-401.js';
import { comparison } from './comparison.js';
import { deadRefreshToken } from './dead-refresh-token.js';
import { firstToken } from './first-token.js';
import { outage } from './outage.js';
import { steadyTraffic } from './steady-traffic.js';
import { storm } from './storm.js';

export const ACTS: readonly Act[] = [comparison, storm, firstToken, steadyTraffic, outage, deadRefreshToken, always401];
