import axios from 'axios';
import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { fileStore } from 'axios-bearer/file';

/** A command-line tool: one run lists the videos. A real one names a folder of its own below the user's home. */
async function main(folder = '', baseURL = ''): Promise<void> {
  const api = axios.create({ baseURL });
  const session = bearer(api, { store: fileStore(folder), source: apiVideo({ baseURL }), whenSignedOut: 'reject' });
  try {
    const { data } = await api.get('/videos');
    console.log(`${data.data.length} videos`);
  } catch (error) {
    console.log((error as { code?: string }).code === 'ERR_BEARER_SIGNED_OUT' ? 'log in first' : error);
  }
  await session.close();
}

void main(...process.argv.slice(2));
