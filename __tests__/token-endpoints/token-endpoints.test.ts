import { afterEach, describe, expect, it } from '@jest/globals';
import { cleanUp } from '../support/kit.js';
import { readReadme } from '../support/readme.js';
import { COMMAND, type Measured, PAGE, pageOf, savedPage, savePage } from './docs-page.js';
import { playIn, playWell } from './play.js';
import type { Service } from './service.js';
import { BUSINESS } from './services/business.js';
import { FRAMEWORKS } from './services/frameworks.js';
import { IDENTITY } from './services/identity.js';
import { PEOPLE } from './services/people.js';
import { PLATFORMS } from './services/platforms.js';
import { SHOPS } from './services/shops.js';

const KINDS: Record<string, Service[]> = {
  'To sign in with': IDENTITY,
  'Books and customers': BUSINESS,
  'Shops and payments': SHOPS,
  'Code, messages, meetings, videos': PLATFORMS,
  'What people hear, measure and post': PEOPLE,
  'Backends of apps': FRAMEWORKS,
};
const SERVICES = Object.values(KINDS).flat();
const ASKED = SERVICES.filter(({ path }) => path !== undefined);
const SITUATIONS = SERVICES.flatMap((service) =>
  service.situations.map((situation) => [service.name, situation.told, { service, situation }] as const),
);

afterEach(cleanUp);

const measured = new Map(SERVICES.map((service) => [service, { service, situations: [] } as unknown as Measured]));

describe('A token endpoint that is well is asked as it wants, and understood', () => {
  it.each(ASKED.map((service) => [service.name, service] as const))('%s', async (_, service) => {
    const { caller, asked, again, wrong, expiresAt } = await playWell(service);
    Object.assign(measured.get(service)!, { well: { caller, asked } });
    expect({ wrong, caller, asked, again }).toEqual({ wrong: [], caller: 200, asked: 1, again: 200 });
    const text = JSON.stringify(service.answer({ access: 'a', refresh: 'r' }));
    expect(expiresAt !== undefined).toBe(text.includes('expires_'));
  });
});

describe('L10 what becomes of a session when the endpoint refuses, throttles or breaks', () => {
  it.each(SITUATIONS)('%s: %s', async (_, told, { service, situation }) => {
    const { wrong, ...got } = await playIn(service, situation);
    measured.get(service)?.situations.push({ told, ...got });
    const { caller, session, asked } = situation;
    expect({ wrong, ...got }).toEqual({ wrong: [], caller, session, asked });
  });
});

describe(PAGE, () => {
  it(`tells what was measured. If it does not: ${COMMAND}`, () => {
    const kinds = Object.entries(KINDS).map(([kind, services]) => [kind, services.map((each) => measured.get(each)!)]);
    const page = pageOf(Object.fromEntries(kinds));
    if (process.env.ENDPOINTS_WRITE) savePage(page);
    expect(savedPage()).toBe(page);
  });

  it('has 25 services and more, each with the code that was run', () => {
    const { blocks } = readReadme(PAGE);
    expect(blocks.map(({ code }) => code.trim())).toEqual(SERVICES.map(({ code }) => code));
    expect(blocks.length).toBeGreaterThanOrEqual(25);
  });
});
