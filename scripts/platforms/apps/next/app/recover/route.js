import axios from 'axios';
import { bearer } from 'axios-bearer';
import * as entries from '../../entries.mjs';
import { recover } from '../../recover.mjs';

export async function POST(request) {
  const outcome = await recover(axios, bearer, await request.json());
  return Response.json({ ...outcome, entries: Object.values(entries).filter(Boolean).length });
}
