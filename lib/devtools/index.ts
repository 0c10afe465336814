/**
 * To see a session at work: a live waterfall of its requests for a page, and its events on the console.
 *
 * @module axios-bearer/devtools
 */
export { type EventConsole, logEvents } from './log-events.js';
export { mountTimeline, type PageElement, type TimelineOptions } from './mount-timeline.js';
