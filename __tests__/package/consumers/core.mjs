import axios from 'axios';
import { bearer } from 'axios-bearer';
import expired from './expired.cjs';

await expired(axios, (baseURL, options) => {
  const api = axios.create({ baseURL });
  return [api, bearer(api, options)];
});
