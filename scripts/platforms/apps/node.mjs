import axios from 'axios';
import { bearer } from 'axios-bearer';
import * as entries from './entries.mjs';
import { recover } from './recover.mjs';

const outcome = await recover(axios, bearer, JSON.parse(process.env.GIVEN));
console.log(JSON.stringify({ ...outcome, entries: Object.values(entries).filter(Boolean).length }));
