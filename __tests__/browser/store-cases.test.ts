import { judgeIn } from './store-cases.js';

// Firefox takes twice as long: it is judged in store-cases.long.ts.
judgeIn('Chromium');
