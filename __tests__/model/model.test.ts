import { holdOn } from './scenes.js';

// Short beside the other tests; model.long.ts has more of it.
holdOn([1, 2], 6);
