import { holdOn } from './scenes.js';

holdOn([1, 2, 3], 50);
