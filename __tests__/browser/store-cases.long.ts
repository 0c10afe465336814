import { judgeIn } from './store-cases.js';

judgeIn('Firefox');
